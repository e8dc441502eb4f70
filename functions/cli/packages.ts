import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import { type ModelCard, parseCard } from '../core/package.ts';

const packagesFolder = join(import.meta.dirname, '..', '..', 'models', 'packages');

export const defaultModel = 'cifar10-resnet';

/** What the card in a package's folder says. @throws BudgetNetError `invalid` */
export async function readCardIn(folder: string): Promise<ModelCard> {
	const text = await readFile(join(folder, 'model.json'), 'utf8').catch((error) => {
		const hint = `npm run seal -- ${basename(folder)} writes it, after an export`;
		throw new BudgetNetError('invalid', `package folder ${folder} has no model.json: ${hint}`, { cause: error });
	});
	try {
		return parseCard(text);
	} catch (error) {
		throw new BudgetNetError('invalid', `package folder ${folder}: ${messageOf(error)}`, { cause: error });
	}
}

/** The folder of a model package by its name. @throws BudgetNetError `not-found`, naming those that there are; `invalid` */
export async function packageFolder(name: string): Promise<string> {
	const known = (await readdir(packagesFolder, { withFileTypes: true }))
		.filter((entry) => entry.isDirectory())
		.map((entry) => entry.name);
	if (!known.includes(name))
		throw new BudgetNetError('not-found', `model "${name}" is not there: expected one of ${known.join(', ')}`);
	const folder = join(packagesFolder, name);
	const { name: within } = await readCardIn(folder);
	if (within === name) return folder;
	throw new BudgetNetError('invalid', `package folder ${folder} holds model "${within}": give it that name`); // prices go by it
}
