import { fullMacs, type ModelCard } from '../core/package.ts';
import type { Agreement } from './agreement.ts';
import { pairedDifference } from './bootstrap.ts';
import type { Calibration } from './calibration.ts';
import type { Pass } from './live.ts';
import type { PublishedPoint } from './published.ts';
import type { Small } from './small.ts';
import { baseBatchImages, type MethodRow } from './trial.ts';

const seed = 1;

/** One line of the evaluation's JSON; MACs an image, accuracy from 0 to 1. */
export interface EvaluationRow {
	method: string;
	share: number;
	budgetMacs: number;
	macs: number;
	accuracy: number;
	/** 0 for methods without batches. */
	batch: number;
	/** The most that a batch spent beyond its budget. */
	overshootMacs: number;
	/**
	 * Wall time of the product's worker as a part of what the whole network takes for all images; null where it was not
	 * measured.
	 */
	wallShare: number | null;
}

export function rowsOf(
	card: ModelCard,
	rows: readonly MethodRow[],
	passes: readonly Pass[],
	published: readonly PublishedPoint[],
): EvaluationRow[] {
	const own = rows.map((row) => ({
		method: row.method,
		share: row.share,
		budgetMacs: Math.floor(row.share * fullMacs(card)),
		macs: Math.round(row.macsPerImage),
		accuracy: accuracyOf(row),
		batch: row.batch,
		overshootMacs: Math.max(0, Math.round(row.overshootMacs)),
		wallShare: row.method === 'gate' && row.batch === baseBatchImages ? wallShareAt(passes, row.share) : null,
	}));
	const theirs = published.map(({ method, macs, accuracy }) => ({
		method,
		share: macs / fullMacs(card),
		budgetMacs: Math.round(macs),
		macs: Math.round(macs),
		accuracy,
		batch: 0,
		overshootMacs: 0,
		wallShare: null,
	}));
	return [...own, ...theirs];
}

function wallShareAt(passes: readonly Pass[], share: number): number | null {
	return passes.find((pass) => pass.share === share)?.wallShare ?? null;
}

/** The rate of right labels over the images that a method was judged on. */
export function accuracyOf(row: MethodRow): number {
	return row.right.reduce((sum, value) => sum + value, 0) / row.right.length;
}

const percent = (part: number) => (100 * part).toFixed(2);
const mega = (macs: number) => (macs / 1e6).toFixed(1);

/** Methods that do not spend the share but an amount of their own. */
const ownMacs = ['actor-soft', 'small'];
/** Methods that the gate is not compared with: they spend another amount, or know the truth. */
const notCompared = ['gate', 'single', 'random', 'oracle', 'twin-oracle', ...ownMacs];

/** Methods side by side, one line per share. */
export function accuracyTable(rows: readonly MethodRow[]): string {
	const base = rows.filter((row) => row.batch === baseBatchImages);
	const methods = [...new Set(base.map((row) => row.method))];
	return markdown(
		['share', 'MMACs', ...methods],
		sharesOf(base).map((share) => {
			const at = (method: string) => find(base, method, share);
			const cells = methods.map((method) => {
				const row = at(method);
				const spent = row && ownMacs.includes(method) ? ` @ ${mega(row.macsPerImage)}` : '';
				return row ? `${percent(accuracyOf(row))}${spent}` : '';
			});
			return [share.toFixed(2), mega(at('gate')?.macsPerImage ?? 0), ...cells];
		}),
	);
}

/** What the gate gains over the other methods, in points, with paired 95 % intervals. */
export function differenceTable(rows: readonly MethodRow[]): string {
	const base = rows.filter((row) => row.batch === baseBatchImages);
	const others = [...new Set(base.map((row) => row.method))].filter((name) => !notCompared.includes(name));
	return markdown(
		['share', ...others.map((name) => `gate minus ${name}`)],
		sharesOf(base).map((share) => [
			share.toFixed(2),
			...others.map((name) => {
				const gate = find(base, 'gate', share);
				const other = find(base, name, share);
				if (!gate || !other) return '';
				const { mean, low, high } = pairedDifference(gate.right, other.right, seed);
				return `${percent(mean)} (${percent(low)} to ${percent(high)})`;
			}),
		]),
	);
}

/** The gate in batches of several sizes. */
export function batchTable(rows: readonly MethodRow[]): string {
	const gates = rows.filter((row) => row.method === 'gate');
	const batches = [...new Set(gates.map((row) => row.batch))].sort((a, b) => a - b);
	return markdown(
		['share', ...batches.map((batch) => `batches of ${batch}`)],
		sharesOf(gates).map((share) => [
			share.toFixed(2),
			...batches.map((batch) => {
				const row = gates.find((one) => one.share === share && one.batch === batch);
				return row ? percent(accuracyOf(row)) : '';
			}),
		]),
	);
}

/** How sure the gate is of its labels, beside how often they are right. */
export function calibrationTable(calibrations: readonly Calibration[]): string {
	return markdown(
		['share', 'confidence', 'right', 'calibration error'],
		calibrations.map(({ share, confidence, accuracy, error }) => [
			share.toFixed(2),
			...[confidence, accuracy, error].map(percent),
		]),
	);
}

/** The passes of the product's worker. */
export function passTable(passes: readonly Pass[]): string {
	return markdown(
		['share', 'wall time / full', 'labels or MACs that differ'],
		passes.map(({ share, wallShare, different }) => [share.toFixed(2), wallShare.toFixed(3), different.toFixed(0)]),
	);
}

/** How a small network was trained. */
export function smallLine({ policy, macs, epochs, part }: Small): string {
	return `small: ${policy} (${mega(macs)} million MACs) trained alone for ${epochs} epochs, ${part} times the package's training compute`;
}

/** Whether ONNX Runtime gives here what PyTorch gave when the package was exported. */
export function agreementLine({ compared, otherLabels, deviation }: Agreement): string {
	return `ONNX Runtime here against PyTorch at the export, ${compared} answers to the sample: ${otherLabels} labels differ, not counting ties; logits within ${deviation.toExponential(1)}`;
}

function find(rows: readonly MethodRow[], method: string, share: number): MethodRow | undefined {
	return rows.find((row) => row.method === method && row.share === share);
}

function sharesOf(rows: readonly MethodRow[]): number[] {
	return [...new Set(rows.map((row) => row.share))];
}

function markdown(head: readonly string[], lines: readonly (readonly string[])[]): string {
	const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
	return [row(head), row(head.map(() => '---')), ...lines.map(row)].join('\n');
}
