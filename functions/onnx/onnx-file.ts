import { refused } from './refused.ts';
import { fieldsOf, integersOf, textOf } from './wire.ts';

/*
 * Reads from an ONNX file what this room looks at. The field numbers are those of onnx.proto and never change; unknown
 * fields are skipped, whatever the ONNX version.
 */

/** An initialiser, or the value of a Constant. */
export interface OnnxTensor {
	name: string;
	dims: number[];
	/** Where its bytes are, if not in this file: keys location, offset, length. */
	external: Map<string, string> | undefined;
	/** Its values, if they are few and int64, as axes and shapes are; others are not read. */
	integers?: number[];
}

export interface OnnxNode {
	operator: string;
	inputs: string[];
	outputs: string[];
	/** Attributes that are whole numbers, one or several. */
	integers: Map<string, number[]>;
	texts: Map<string, string>;
	/** The attribute of a Constant. */
	value?: OnnxTensor;
}

export interface OnnxGraph {
	nodes: OnnxNode[];
	/** By name. */
	tensors: Map<string, OnnxTensor>;
	inputs: string[];
	outputs: string[];
}

const int64 = 7;
/** More than a shape has axes. */
const integersMax = 8;

function readTensor(bytes: Uint8Array | undefined, where: string): OnnxTensor {
	const tensor: OnnxTensor = { name: '', dims: [], external: undefined };
	let type = 0;
	let raw: Uint8Array | undefined;
	const listed: number[] = [];
	for (const field of fieldsOf(bytes, where)) {
		if (field.number === 1) tensor.dims.push(...integersOf(field, where));
		else if (field.number === 2) type = field.value;
		else if (field.number === 7) listed.push(...integersOf(field, where));
		else if (field.number === 9) raw = field.bytes;
		else if (field.number === 8) tensor.name = textOf(field);
		else if (field.number === 14 && field.value !== 0) tensor.external ??= new Map();
		else if (field.number === 13) {
			const pair = ['', ''];
			for (const part of fieldsOf(field.bytes, where)) pair[part.number - 1] = textOf(part);
			tensor.external ??= new Map();
			tensor.external.set(pair[0] as string, pair[1] as string);
		}
	}
	if (type !== int64 || tensor.external) return tensor;
	if (raw && listed.length > 0) throw refused(where, 'values in one place', `two lists of them in "${tensor.name}"`);
	const integers = raw ? int64sOf(raw) : listed;
	return integers.length <= integersMax ? { ...tensor, integers } : tensor;
}

function int64sOf(raw: Uint8Array): number[] {
	const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
	return Array.from({ length: Math.min(Math.floor(raw.byteLength / 8), integersMax + 1) }, (_, i) =>
		Number(view.getBigInt64(8 * i, true)),
	);
}

function readAttribute(node: OnnxNode, bytes: Uint8Array | undefined, where: string): void {
	let name = '';
	let text = '';
	const integers: number[] = [];
	for (const field of fieldsOf(bytes, where)) {
		if (field.number === 1) name = textOf(field);
		else if (field.number === 3 && integers.length > 0)
			throw refused(where, 'plain attributes', `several values of "${name}"`);
		else if (field.number === 3 || field.number === 8) integers.push(...integersOf(field, where));
		else if (field.number === 4) text = textOf(field);
		else if (field.number === 5 && name === 'value' && !node.value) node.value = readTensor(field.bytes, where);
		// Tensors and graphs inside other attributes could hide work or files.
		else if ([5, 6, 10, 11].includes(field.number)) throw refused(where, 'plain attributes', `a nested "${name}"`);
	}
	if (integers.length > 0) node.integers.set(name, integers);
	if (text) node.texts.set(name, text);
}

function readNode(bytes: Uint8Array | undefined, where: string): OnnxNode {
	const node: OnnxNode = { operator: '', inputs: [], outputs: [], integers: new Map(), texts: new Map() };
	for (const field of fieldsOf(bytes, where)) {
		if (field.number === 1) node.inputs.push(textOf(field));
		else if (field.number === 2) node.outputs.push(textOf(field));
		else if (field.number === 4) node.operator = textOf(field);
		else if (field.number === 5) readAttribute(node, field.bytes, where);
		else if (field.number === 7 && !['', 'ai.onnx'].includes(textOf(field)))
			throw refused(where, 'operators of ONNX itself', `one of ${textOf(field)}`);
	}
	if (node.value && (node.operator !== 'Constant' || node.value.external))
		throw refused(where, 'plain attributes', `a nested "value" in ${node.operator} ${node.outputs[0]}`);
	return node;
}

function nameOf(bytes: Uint8Array | undefined, where: string): string {
	const name = [...fieldsOf(bytes, where)].findLast((field) => field.number === 1); // protobuf: the last one counts
	return name ? textOf(name) : '';
}

/**
 * Reads the graph of an ONNX file.
 * @param where names package and file in errors
 * @throws BudgetNetError `invalid`: cut short, not ONNX, or with parts that nobody looks at (functions, sparse tensors)
 */
export function readOnnx(bytes: Uint8Array, where: string): OnnxGraph {
	const model = [...fieldsOf(bytes, where)];
	if (model.some((field) => field.number === 25)) throw refused(where, 'a plain graph', 'functions');
	const [whole, ...more] = model.filter((field) => field.number === 7);
	if (!whole) throw refused(where, 'an ONNX file', 'no graph in it');
	if (more.length > 0) throw refused(where, 'one graph', 'several, which would be run as one');
	const graph: OnnxGraph = { nodes: [], tensors: new Map(), inputs: [], outputs: [] };
	for (const { number, bytes } of fieldsOf(whole.bytes, where)) {
		if (number === 1) {
			const node = readNode(bytes, where);
			const [name = ''] = node.outputs;
			if (node.value) graph.tensors.set(name, { ...node.value, name });
			else graph.nodes.push(node);
		} else if (number === 5) {
			const tensor = readTensor(bytes, where);
			graph.tensors.set(tensor.name, tensor);
		} else if (number === 11) graph.inputs.push(nameOf(bytes, where));
		else if (number === 12) graph.outputs.push(nameOf(bytes, where));
		else if (number === 15) throw refused(where, 'dense tensors', 'a sparse one');
	}
	return graph;
}
