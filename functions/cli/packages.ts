import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BudgetNetError } from '../core/errors.ts';
import { readCardIn } from '../onnx/package-files.ts';

const packagesFolder = join(import.meta.dirname, '..', '..', 'models', 'packages');

export const defaultModel = 'cifar10-resnet';

/**
 * The folder of a model package by its name.
 * @throws BudgetNetError `not-found`, naming those that exist; `invalid`
 */
export async function packageFolder(name: string): Promise<string> {
	const known = (await readdir(packagesFolder, { withFileTypes: true }))
		.filter((entry) => entry.isDirectory())
		.map((entry) => entry.name);
	if (!known.includes(name))
		throw new BudgetNetError('not-found', `model "${name}" is not there: expected one of ${known.join(', ')}`);
	const folder = join(packagesFolder, name);
	const { name: within } = await readCardIn(folder);
	if (within === name) return folder;
	// prices go by that name
	throw new BudgetNetError('invalid', `package folder ${folder} holds model "${within}": rename the folder to that`);
}
