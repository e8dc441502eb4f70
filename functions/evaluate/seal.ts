import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ModelCard, parseCard, policyMacs } from '../core/package.ts';
import { digestOf } from '../onnx/package-files.ts';
import { crossFit } from './crossfit.ts';
import { fitAgent } from './fit.ts';
import { loadTable, type OutcomeTable } from './table.ts';

const curveShares = [0.125, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
const batchImages = 512;
const seed = 1;

/**
 * Completes the card of a package that the recipe exported: predictors and starts from the held-out table, the gate's
 * curve (cross-fitted on the same), and the digest of all files. Writes model.json.
 * @param packageFolder models/packages/NAME
 * @param tableFolder models/outcomes/NAME, with draft.json and the held-out table
 */
export async function sealPackage(packageFolder: string, tableFolder: string): Promise<ModelCard> {
	const draft = JSON.parse(await readFile(join(tableFolder, 'draft.json'), 'utf8')) as Omit<
		ModelCard,
		'agent' | 'curve' | 'digest'
	>;
	const table = await loadTable(tableFolder, 'holdout');
	const all = Array.from({ length: table.images }, (_, image) => image);
	const unfitted = { ...draft, curve: [], digest: '' };
	const agent = fitAgent(unfitted, table, all);
	const curve = curveOf({ ...unfitted, agent }, table);
	const card = parseCard(JSON.stringify({ ...draft, digest: await digestOf(packageFolder), agent, curve }));
	await writeFile(join(packageFolder, 'model.json'), `${JSON.stringify(card, undefined, '\t')}\n`);
	return card;
}

/** What the gate is expected to reach at each share that pays for the cheapest policy. */
function curveOf(card: ModelCard, table: OutcomeTable): ModelCard['curve'] {
	const last = card.policies.length - 1;
	const cheapest = policyMacs(card, 0) / policyMacs(card, last);
	const shares = [cheapest, ...curveShares.filter((share) => share > cheapest)];
	return crossFit(card, table, shares, batchImages, seed)
		.filter((row) => row.method === 'gate')
		.map(({ share, macsPerImage, right }) => ({
			share: round(share),
			macs: Math.round(macsPerImage),
			accuracy: round(right.reduce((sum, value) => sum + value, 0) / right.length),
		}));
}

function round(value: number): number {
	return Math.round(value * 1e5) / 1e5;
}
