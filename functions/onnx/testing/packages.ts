import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { digestOf, noDigest } from '../package-files.ts';

/*
 * For tests: copies of the package in models/packages, to be spoilt at will. Whatever is trained into it, tests look
 * only at its shape and its check.json.
 */

const models = new URL('../../../models/', import.meta.url);

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

/** The package's card; as long as it is not sealed, the draft of it, completed so that it parses. */
async function baseCard(): Promise<LooseCard> {
	const sealed = await readFile(new URL('packages/cifar10-resnet/model.json', models), 'utf8').catch(() => undefined);
	if (sealed) return JSON.parse(sealed);
	const draft = JSON.parse(await readFile(new URL('outcomes/cifar10-resnet/draft.json', models), 'utf8'));
	const macs = draft.policies.map((policy: { macs: number }) => policy.macs);
	draft.curve = [
		{ share: 0, macs: macs[0], accuracy: 0.1 },
		{ share: 1, macs: macs.at(-1), accuracy: 0.9 },
	];
	return draft;
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
	await cp(new URL('packages/cifar10-resnet/', models), folder, { recursive: true });
	await rm(join(folder, 'model.json'), { force: true });
	await mischief.files?.(folder);
	const card = { ...(await baseCard()), digest: noDigest };
	mischief.card?.(card);
	const write = () => writeFile(join(folder, 'model.json'), JSON.stringify(card));
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
