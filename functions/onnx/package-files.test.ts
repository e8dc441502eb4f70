import { mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { limits } from '../core/limits.ts';
import { digestOf, loadPackage, noDigest } from './package-files.ts';
import { type LooseCard, type Mischief, packageFolder, temporaryFolder } from './testing/packages.ts';

const invalid = (message: RegExp) =>
	expect.objectContaining({ code: 'invalid', message: expect.stringMatching(message) });

/** Expects that a spoilt package is refused so. */
async function refuses(message: RegExp, mischief: Mischief) {
	await expect(loadPackage(await packageFolder(mischief))).rejects.toEqual(invalid(message));
}

function setPolicy(card: LooseCard, index: number, change: { file?: string; macs?: number }) {
	Object.assign(card.policies[index] as object, change);
}

/** Replaces text of the same length in a graph file. */
const replace = (file: string, from: string, to: string) => async (folder: string) => {
	const bytes = await readFile(join(folder, file), 'latin1');
	expect(bytes).toContain(from);
	await writeFile(join(folder, file), bytes.replaceAll(from, to), 'latin1');
};

test('a whole package loads', async () => {
	const folder = await packageFolder();
	const pkg = await loadPackage(folder);
	expect(pkg.card.policies.length).toBeGreaterThan(1);
	expect(pkg.card.digest).toBe(await digestOf(folder));
});

test('the digest covers names, lengths and bytes, but neither hidden files nor itself', async () => {
	const folder = await temporaryFolder();
	await writeFile(join(folder, 'b'), 'xy');
	await writeFile(join(folder, 'a'), '');
	// printf 'a\0000\000b\0002\000xy' | sha256sum
	const expected = 'sha256:9e7454f4fe4fb2a23040090b0b44ede5f0e0e0f70ac8fc33860e62f4ef6c9dd9';
	expect(await digestOf(folder)).toBe(expected);
	await writeFile(join(folder, '.DS_Store'), 'hidden');
	expect(await digestOf(folder)).toBe(expected);
	await rename(join(folder, 'a'), join(folder, 'c'));
	expect(await digestOf(folder)).not.toBe(expected);
	const card = async (digest: string, label: string) => {
		await writeFile(join(folder, 'model.json'), JSON.stringify({ digest, label }));
		return digestOf(folder);
	};
	expect(await card(expected, 'cat')).toBe(await card(noDigest, 'cat'));
	expect(await card(expected, 'cat')).not.toBe(await card(expected, 'dog'));
});

test('a card that was changed after it was sealed is refused by the digest: its labels would mean something else', async () => {
	const folder = await packageFolder();
	const file = join(folder, 'model.json');
	const card = JSON.parse(await readFile(file, 'utf8'));
	await writeFile(file, JSON.stringify({ ...card, classes: card.classes.toReversed() }));
	await expect(loadPackage(folder)).rejects.toEqual(invalid(/cifar10-resnet, its files: expected digest sha256:/));
});

test('tampered weights are refused by the digest', async () => {
	const folder = await packageFolder();
	const weights = await readFile(join(folder, 'weights.bin'));
	weights[1000] = (weights[1000] as number) ^ 1;
	await writeFile(join(folder, 'weights.bin'), weights);
	await expect(loadPackage(folder)).rejects.toEqual(invalid(/cifar10-resnet.*expected digest sha256:.*found sha256:/));
});

test('missing and extra files, folders and links are refused by name', async () => {
	await refuses(/policy-01.onnx: expected/, { files: (folder) => rm(join(folder, 'policy-01.onnx')) });
	await refuses(/check.json: expected/, { files: (folder) => rm(join(folder, 'check.json')) });
	await refuses(/extra.txt: expected only/, { files: (folder) => writeFile(join(folder, 'extra.txt'), '') });
	await refuses(/p9.onnx: expected a file/, { card: (card) => setPolicy(card, 0, { file: 'p9.onnx' }) });
	await refuses(/policies.0.file.*ends in .onnx/, { card: (card) => setPolicy(card, 0, { file: 'policy-00.ort' }) });
	const unsealed = await packageFolder();
	await rm(join(unsealed, 'model.json'));
	await expect(loadPackage(unsealed)).rejects.toEqual(
		invalid(/model.json: .* found none \(npm run seal -- budgetnet-/),
	);
	const linked = await packageFolder();
	const elsewhere = join(await temporaryFolder(), 'weights.bin');
	await rename(join(linked, 'weights.bin'), elsewhere);
	await symlink(elsewhere, join(linked, 'weights.bin'));
	await expect(loadPackage(linked)).rejects.toEqual(invalid(/weights.bin: expected a plain file/));
});

test('a package may have as many files and bytes as allowed, and no more', async () => {
	const folder = await temporaryFolder();
	const weights = join(folder, 'weights.bin');
	await writeFile(weights, '');
	await truncate(weights, limits.packageBytesMax); // sparse: it takes no room
	// counted, and found small enough
	await expect(loadPackage(folder)).rejects.toEqual(invalid(/model.json: expected the model card/));
	await truncate(weights, limits.packageBytesMax + 1);
	await expect(loadPackage(folder)).rejects.toEqual(invalid(/expected at most 2147483648 bytes/));
	await truncate(weights, 0);
	for (let i = 1; i < limits.policiesMax + 4; i++) await writeFile(join(folder, `policy-${i}.onnx`), '');
	await expect(loadPackage(folder)).rejects.toEqual(invalid(/model.json: expected the model card/));
	await writeFile(join(folder, 'one-more.onnx'), '');
	await expect(loadPackage(folder)).rejects.toEqual(invalid(/expected at most 68 files/));
});

test('a folder that does not exist, holds folders or has no card is refused', async () => {
	const folder = await packageFolder();
	await expect(loadPackage(join(folder, 'nowhere'))).rejects.toEqual(invalid(/cannot be read/));
	await mkdir(join(folder, 'sub'));
	await expect(loadPackage(folder)).rejects.toEqual(invalid(/sub: expected a plain file/));
	await rm(join(folder, 'sub'), { recursive: true });
	await rm(join(folder, 'model.json'));
	await expect(loadPackage(folder)).rejects.toEqual(invalid(/model.json: expected the model card/));
});

test.each(['../policy-00.onnx', '/etc/hostname', 'a/b', '..', 'A\\b'])('a card cannot name %s', async (file) => {
	await refuses(/plain file name/, { card: (card) => setPolicy(card, 0, { file }) });
});

test('a card cannot name a file twice', async () => {
	await refuses(/named twice/, { card: (card) => setPolicy(card, 0, { file: 'policy-01.onnx' }) });
});

test('MACs that the graph does not have are refused', async () => {
	const cheaper = (card: LooseCard) => setPolicy(card, 2, { macs: (card.policies[2]?.macs ?? 0) - 1 });
	await refuses(/policy-01.onnx: expected \d+ MACs.*found \d+/, { card: cheaper });
	const smaller = (card: LooseCard) => Object.assign(card.input, { width: 28 });
	await refuses(/policy-look.onnx: expected \d+ MACs/, { card: smaller });
});

test('an agent that is missing, costs more than promised, takes more inputs or is not small is refused', async () => {
	await refuses(/agent.onnx: expected a file/, { files: (folder) => rm(join(folder, 'agent.onnx')) });
	const dearer = (card: LooseCard) => Object.assign(card.agent, { macs: card.agent.macs - 1 });
	await refuses(/agent.onnx: expected \d+ MACs.*found \d+/, { card: dearer });
	await refuses(/agent.onnx: expected MatMul of matrices/, { card: (card) => card.agent.inputs.push('margin') });
	const large = (card: LooseCard) => Object.assign(card.agent, { macs: 10_000_000 });
	await refuses(/at most [\d.]+ MACs, 1 % of the full network's, found 10000000/, { card: large });
});

test('classes and input name that the graph does not have are refused', async () => {
	await refuses(/expected 11 numbers an image, found 10/, { card: (card) => card.classes.push('other') });
	await refuses(/the only input image/, { card: (card) => Object.assign(card.input, { name: 'image' }) });
});

test('a graph that is cut short, foreign or not ONNX is refused', async () => {
	const file = 'policy-03.onnx';
	const cut = (bytes: number) => (folder: string) => truncate(join(folder, file), bytes);
	await refuses(/policy-03.onnx: expected a whole ONNX file/, { files: cut(20_000) });
	await refuses(/policy-03.onnx: expected an ONNX file, found no graph/, { files: cut(0) });
	await refuses(/policy-03.onnx: expected an? /, { files: (folder) => writeFile(join(folder, file), 'Not a graph') });
	await refuses(/policy-03.onnx.*operator Loop/, { files: replace(file, 'Relu', 'Loop') });
});

test('external data must be in weights.bin, within its length', async () => {
	const elsewhere = replace('policy-04.onnx', 'weights.bin', '../some.bin');
	await refuses(/policy-04.onnx: expected tensor \w+ in weights.bin, found ..\/some.bin/, { files: elsewhere });
	const short = (folder: string) => truncate(join(folder, 'weights.bin'), 100_000);
	await refuses(/policy-\d\d.onnx: expected tensor \w+ within 100000 bytes/, { files: short });
});
