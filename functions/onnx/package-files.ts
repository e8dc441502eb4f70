import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { valuesWidth } from '../core/advice.ts';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { type ModelCard, type Policy, parseCard } from '../core/package.ts';
import { stateWidth } from '../core/reading.ts';
import { countMacs } from './count-macs.ts';
import { type OnnxTensor, readOnnx } from './onnx-file.ts';
import { refused } from './refused.ts';

/** A model package whose files, digest and MACs are what its card says. */
export interface ModelPackage {
	/** Absolute. */
	folder: string;
	card: ModelCard;
}

const cardFile = 'model.json';
const weightsFile = 'weights.bin';
export const checkFile = 'check.json';
/** The agent's input: see core/package.ts. */
export const agentInput = 'state';

const cardBytesMax = 4 * 1024 * 1024;
/** A graph without its weights. */
const graphBytesMax = 16 * 1024 * 1024;
/** Card, weights, check, agent, and one graph per policy. */
const filesMax = limits.policiesMax + 4;

interface File {
	name: string;
	bytes: number;
}

/**
 * The plain files of a folder, by name, except hidden ones, which file browsers leave behind.
 * @throws BudgetNetError `invalid`: a link, a folder, too many or too large
 */
async function listFiles(folder: string): Promise<File[]> {
	const all = await readdir(folder).catch((error) => {
		throw new BudgetNetError('invalid', `package folder ${folder} cannot be read`, { cause: error });
	});
	const names = all.filter((name) => !name.startsWith('.'));
	if (names.length > filesMax) throw refused(`package folder ${folder}`, `at most ${filesMax} files`, names.length);
	const files: File[] = [];
	for (const name of names.sort()) {
		const facts = await lstat(join(folder, name));
		// A link could lead out of the package, and its target could change after the digest was taken.
		if (!facts.isFile()) throw refused(`package folder ${folder}, ${name}`, 'a plain file', 'a link or folder');
		files.push({ name, bytes: facts.size });
	}
	const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
	if (bytes > limits.packageBytesMax)
		throw refused(`package folder ${folder}`, `at most ${limits.packageBytesMax} bytes`, bytes);
	return files;
}

/** Stands for a package's digest while that is computed. */
export const noDigest = `sha256:${'0'.repeat(64)}`;

/** The card's bytes as the digest counts them: a card cannot contain its own digest. */
function withoutDigest(card: string): Buffer {
	return Buffer.from(card.replace(/("digest"\s*:\s*")sha256:[0-9a-f]{64}"/, `$1${noDigest}"`));
}

/**
 * The digest of a package: SHA-256 over all its files but hidden ones, sorted by name (UTF-16 code units), each as
 * name, NUL, its length in bytes as a decimal, NUL, its bytes. In model.json, 64 zeros take the place of the digest
 * itself. So the digest covers classes, input and prices too: whoever changes what a label means has another package.
 * @returns "sha256:" and 64 hex digits
 * @throws BudgetNetError `invalid`
 */
export async function digestOf(folder: string): Promise<string> {
	const hash = createHash('sha256');
	for (const { name, bytes } of await listFiles(folder)) {
		hash.update(`${name}\0${bytes}\0`);
		if (name === cardFile) hash.update(withoutDigest(await readFile(join(folder, name), 'utf8')));
		else for await (const chunk of createReadStream(join(folder, name))) hash.update(chunk);
	}
	return `sha256:${hash.digest('hex')}`;
}

/** The policies with a graph of their own: a mirrored one has none. */
function graphPolicies({ policies }: ModelCard): Policy[] {
	return policies.filter(({ mirrored }) => !mirrored);
}

function mustBeExactly(where: string, card: ModelCard, files: readonly File[]): void {
	const expected = [cardFile, checkFile, weightsFile, card.agent.file, ...graphPolicies(card).map(({ file }) => file)];
	if (new Set(expected).size !== expected.length) throw refused(where, 'one graph per policy', 'one file named twice');
	const found = new Set(files.map((file) => file.name));
	for (const name of expected)
		if (!found.has(name)) throw refused(`${where}, ${name}`, 'a file that the card names', 'none');
	for (const name of found)
		if (!expected.includes(name)) throw refused(`${where}, ${name}`, 'only files that the card names', 'another');
}

function mustLieInWeights(where: string, tensor: OnnxTensor, weightsBytes: number): void {
	if (!tensor.external) return;
	const location = tensor.external.get('location') ?? 'nowhere';
	if (location !== weightsFile) throw refused(where, `tensor ${tensor.name} in ${weightsFile}`, location);
	const [offset, length] = ['offset', 'length'].map((key) => {
		const value = tensor.external?.get(key) ?? 'none';
		if (!/^\d{1,15}$/.test(value)) throw refused(where, `tensor ${tensor.name} with a plain ${key}`, value);
		return Number(value);
	}) as [number, number];
	if (offset + length > weightsBytes)
		throw refused(where, `tensor ${tensor.name} within ${weightsBytes} bytes of weights`, `${offset} + ${length}`);
}

/**
 * A graph that a card promises: its file, its only input with its shape for one image, MACs an image, and columns of
 * its output.
 */
interface PromisedGraph {
	file: string;
	input: { name: string; shape: readonly number[] };
	macs: number;
	columns: number;
}

function graphsOf(card: ModelCard): PromisedGraph[] {
	const { name, height, width } = card.input;
	const input = { name, shape: [1, height, width, 3] };
	const policies = graphPolicies(card).map(({ file, macs }) => ({ file, input, macs, columns: card.classes.length }));
	const { file, macs } = card.agent;
	const state = { name: agentInput, shape: [1, stateWidth(card)] };
	return [...policies, { file, input: state, macs, columns: valuesWidth(card) }];
}

async function checkGraph(folder: string, where: string, graph: PromisedGraph, files: readonly File[]) {
	const bytesOf = (name: string) => files.find((file) => file.name === name)?.bytes ?? 0;
	if (bytesOf(graph.file) > graphBytesMax) throw refused(where, `at most ${graphBytesMax} bytes`, bytesOf(graph.file));
	const found = readOnnx(await readFile(join(folder, graph.file)), where);
	for (const tensor of found.tensors.values()) mustLieInWeights(where, tensor, bytesOf(weightsFile));
	const inputs = found.inputs.filter((name) => !found.tensors.has(name));
	if (inputs.join() !== graph.input.name) throw refused(where, `the only input ${graph.input.name}`, inputs.join(', '));
	const { macs, columns } = countMacs(found, graph.input, where);
	if (macs !== graph.macs) throw refused(where, `${graph.macs} MACs an image, as the card says`, macs);
	if (columns !== graph.columns) throw refused(where, `${graph.columns} numbers an image`, columns);
}

/** What the card in a package's folder says: nothing else is looked at. @throws BudgetNetError `invalid` */
export async function readCardIn(folder: string): Promise<ModelCard> {
	const text = await readFile(join(folder, cardFile), 'utf8').catch(() => {
		const hint = `none (npm run seal -- ${basename(folder)} writes that of an export)`;
		throw refused(`package folder ${folder}, ${cardFile}`, 'the model card', hint);
	});
	try {
		return parseCard(text);
	} catch (error) {
		throw new BudgetNetError('invalid', `package folder ${folder}: ${messageOf(error)}`, { cause: error });
	}
}

/**
 * Opens a model package and trusts nothing: it checks that there are exactly the card's files, their sizes, the digest,
 * and the MACs of every policy and of the agent, counted from their graphs. It runs nothing: see check-package.ts.
 * @throws BudgetNetError `invalid`, which names package, file, expected and found
 */
export async function loadPackage(folder: string): Promise<ModelPackage> {
	const root = resolve(folder);
	const files = await listFiles(root);
	const cardBytes = files.find((file) => file.name === cardFile)?.bytes ?? 0;
	if (cardBytes > cardBytesMax)
		throw refused(`package folder ${root}, ${cardFile}`, `at most ${cardBytesMax} bytes`, cardBytes);
	const card = await readCardIn(root);
	const where = `package ${card.name}`;
	mustBeExactly(where, card, files);
	const digest = await digestOf(root);
	if (digest !== card.digest) throw refused(`${where}, its files`, `digest ${card.digest}`, digest);
	for (const graph of graphsOf(card)) await checkGraph(root, `${where}, ${graph.file}`, graph, files);
	return { folder: root, card };
}
