import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BudgetNetError } from '../core/errors.ts';
import { type DraftCard, fullMacs, leastMacs, type ModelCard, parseCard, parseDraft } from '../core/package.ts';
import { checkPackage } from '../onnx/check-package.ts';
import { digestOf, loadPackage, noDigest } from '../onnx/package-files.ts';
import { crossFittedValues } from './agent-values.ts';
import { evaluateHeldOut } from './evaluate.ts';
import { gate } from './gated.ts';
import { accuracyOf } from './report.ts';
import { loadTable, mustBeOf } from './table.ts';

const curveShares = [0.125, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
/** Shares and accuracies of the curve are multiples of one part in this many. */
const shareSteps = 1e5;

/**
 * Completes the card of a package that the recipe exported: the gate's curve on the held-out images, and the digest of
 * all files. Writes model.json, and checks the package as `model check` does.
 * @param packageFolder models/packages/NAME
 * @param tableFolder models/outcomes/NAME, with draft.json, the held-out table and the agents of its folds
 * @throws BudgetNetError `invalid`
 */
export async function sealPackage(packageFolder: string, tableFolder: string): Promise<ModelCard> {
	const draft = await readDraft(tableFolder, basename(packageFolder));
	const table = await loadTable(tableFolder, 'holdout');
	const card: ModelCard = { ...draft, curve: [], digest: noDigest };
	mustBeOf(table, card, 'holdout');
	const values = await crossFittedValues(tableFolder, card, table);
	const least = leastShare(card);
	const shares = [least, ...curveShares.filter((share) => share > least)];
	const judged = { card, table, values, others: new Map() };
	card.curve = evaluateHeldOut(judged, shares, [gate]).map((row) => ({
		share: round(row.share),
		macs: Math.round(row.macsPerImage),
		accuracy: round(accuracyOf(row)),
	}));
	const sealed = parseCard(JSON.stringify(card));
	await writeCard(packageFolder, sealed);
	sealed.digest = await digestOf(packageFolder);
	await writeCard(packageFolder, sealed);
	await checkPackage(await loadPackage(packageFolder));
	return sealed;
}

async function writeCard(folder: string, card: ModelCard): Promise<void> {
	await writeFile(join(folder, 'model.json'), `${JSON.stringify(card, undefined, '\t')}\n`);
}

/** The card as far as the export and fit_agent.py know it. */
async function readDraft(folder: string, name: string): Promise<DraftCard> {
	const file = join(folder, 'draft.json');
	const text = await readFile(file, 'utf8').catch((cause) => {
		const how =
			'the export of the recipe writes it, or you do, and budgetnet.fit_agent adds the agent (models/README.md)';
		throw new BudgetNetError('invalid', `${file} is not there: ${how}`, { cause });
	});
	const draft = parseDraft(text, file);
	if (draft.name === name) return draft;
	throw new BudgetNetError('invalid', `${file}: expected name ${name}, as the folder is called, found ${draft.name}`);
}

/**
 * A share just above the least that an image must be paid, in the steps that the card stores. At exactly the least, or
 * rounded down, the budgets of some batches would be a MAC short.
 */
export function leastShare(card: ModelCard): number {
	const exactly = leastMacs(card) / fullMacs(card);
	return Math.min(1, (Math.floor(exactly * shareSteps) + 1) / shareSteps);
}

function round(value: number): number {
	return Math.round(value * shareSteps) / shareSteps;
}
