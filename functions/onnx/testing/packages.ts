import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { digestOf, noDigest } from '../package-files.ts';

/*
 * For tests: copies of the package in models/packages, to be spoilt at will. Tests use only its shape and its
 * check.json, whatever has been trained into it.
 */

const original = new URL('../../../models/packages/cifar10-resnet/', import.meta.url);

/** A card as JSON, open to mischief. */
export interface LooseCard {
	name: string;
	classes: string[];
	digest: string;
	policies: { id: string; file: string; macs: number }[];
	agent: { file: string; macs: number; inputs: string[] };
	input: { width: number; height: number };
	[key: string]: unknown;
}

/** A temporary folder, gone after the test. */
export async function temporaryFolder(): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), 'budgetnet-onnx-'));
	onTestFinished(() => rm(folder, { recursive: true, force: true }));
	return folder;
}

/** What a test may do to a package: change its files, or its card, before the digest is taken, or the digest. */
export interface Mischief {
	files?: (folder: string) => Promise<unknown>;
	card?: (card: LooseCard) => void;
}

/** Writes a whole package into an empty folder. */
export async function writePackage(folder: string, mischief: Mischief = {}): Promise<string> {
	await cp(original, folder, { recursive: true });
	const cardFile = join(folder, 'model.json');
	const card: LooseCard = { ...JSON.parse(await readFile(cardFile, 'utf8')), digest: noDigest };
	await mischief.files?.(folder);
	mischief.card?.(card);
	const write = () => writeFile(cardFile, JSON.stringify(card));
	await write();
	if (card.digest !== noDigest) return folder;
	card.digest = await digestOf(folder);
	await write();
	return folder;
}

/** A temporary folder with a whole package, gone after the test. */
export async function packageFolder(mischief?: Mischief): Promise<string> {
	return writePackage(await temporaryFolder(), mischief);
}
