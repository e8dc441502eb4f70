import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BudgetNetError } from '../core/errors.ts';

const packagesFolder = join(import.meta.dirname, '..', '..', 'models', 'packages');

export const defaultModel = 'cifar10-resnet';

/** The folder of a model package by its name. @throws BudgetNetError `not-found`, naming those that there are */
export async function packageFolder(name: string): Promise<string> {
	const known = (await readdir(packagesFolder, { withFileTypes: true }))
		.filter((entry) => entry.isDirectory())
		.map((entry) => entry.name);
	if (!known.includes(name))
		throw new BudgetNetError('not-found', `model "${name}" is not there: expected one of ${known.join(', ')}`);
	return join(packagesFolder, name);
}
