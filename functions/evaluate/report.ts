import { fullPolicy, type ModelCard } from '../core/package.ts';
import { pairedDifference } from './bootstrap.ts';
import type { MethodRow } from './methods.ts';

const seed = 1;

/** One line of the evaluation's JSON. */
export interface EvaluationRow {
	method: string;
	share: number;
	budgetMacs: number;
	macs: number;
	accuracy: number;
	batch: number;
	overshootMacs: number;
}

/** A method's line: accuracy and mean MACs an image against the budget an image. */
export function rowOf(
	card: ModelCard,
	batch: number,
	{ method, share, macsPerImage, right }: MethodRow,
): EvaluationRow {
	const budgetMacs = Math.floor(share * fullPolicy(card).macs);
	const macs = Math.round(macsPerImage);
	return {
		method,
		share,
		budgetMacs,
		macs,
		accuracy: mean(right),
		batch,
		overshootMacs: Math.max(0, macs - budgetMacs),
	};
}

/** Methods side by side, a line a share, and what the gate gains over the static mix with its 95 % interval. */
export function tableOf(card: ModelCard, rows: readonly MethodRow[]): string {
	const methods = [...new Set(rows.map((row) => row.method))];
	const shares = [...new Set(rows.map((row) => row.share))];
	const lines = shares.map((share) => {
		const at = (method: string) => rows.find((row) => row.method === method && row.share === share) as MethodRow;
		const gain = pairedDifference(at('gate').right, at('static-mix').right, seed);
		const cells = methods.map((method) =>
			(100 * mean(at(method).right)).toFixed(2).padStart(Math.max(method.length, 6)),
		);
		const megamacs = (at('gate').macsPerImage / 1e6).toFixed(1).padStart(6);
		return `${share.toFixed(2)}  ${megamacs}  ${cells.join('  ')}  ${[gain.mean, gain.low, gain.high].map((value) => (100 * value).toFixed(2).padStart(6)).join('  ')}`;
	});
	const head = `share  MMACs  ${methods.map((method) => method.padStart(6)).join('  ')}  gate minus static-mix, 95 % interval`;
	const alone = card.policies.map(
		({ id, macs }, i) => `${id} ${(macs / 1e6).toFixed(1)} M ${(100 * (card.results.holdout[i] ?? 0)).toFixed(2)} %`,
	);
	return [`policies alone, held out: ${alone.join(', ')}`, head, ...lines].join('\n');
}

function mean(values: readonly number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / values.length;
}
