import { describe, expect, test } from 'vitest';
import { countMacs } from './count-macs.ts';
import type { OnnxGraph, OnnxNode } from './onnx-file.ts';

const input = { name: 'x', shape: [1, 8, 10, 3] };

/** A tensor whose values are known. */
interface Said {
	integers: number[];
}

/** A chain of nodes behind a Transpose to [1, 3, 8, 10]; each takes the one before and the tensors named. */
function chain(
	nodes: [operator: string, attributes: Record<string, number[]>, ...tensors: (number[] | Said)[]][],
): OnnxGraph {
	const graph: OnnxGraph = { nodes: [], tensors: new Map(), inputs: ['x'], outputs: [] };
	let last = 'x';
	const all: typeof nodes = [['Transpose', { perm: [0, 3, 1, 2] }], ...nodes];
	all.forEach(([operator, attributes, ...tensors], i) => {
		const names = tensors.map((tensor, j) => {
			const name = `tensor_${i}_${j}`;
			const of = 'integers' in tensor ? { dims: [tensor.integers.length], ...tensor } : { dims: tensor };
			graph.tensors.set(name, { name, ...of, external: undefined });
			return name;
		});
		const node: OnnxNode = {
			operator,
			inputs: [last, ...names],
			outputs: [`node_${i}`],
			integers: new Map(Object.entries(attributes)),
			texts: new Map(),
		};
		graph.nodes.push(node);
		last = `node_${i}`;
	});
	graph.outputs = [last];
	return graph;
}

/** MACs of a chain that ends in a flat vector. */
const macs = (...nodes: Parameters<typeof chain>[0]) => countMacs(chain([...nodes, ['Flatten', {}]]), input, 'here');

describe('convolutions', () => {
	test('plain, no padding', () =>
		expect(macs(['Conv', {}, [4, 3, 3, 3]])).toEqual({ macs: 4 * 6 * 8 * 27, columns: 192 }));
	test('strides, pads', () =>
		expect(macs(['Conv', { strides: [2, 2], pads: [1, 1, 1, 1] }, [4, 3, 3, 3]]).macs).toBe(4 * 4 * 5 * 27));
	test('groups', () => expect(macs(['Conv', { group: [3] }, [6, 1, 1, 1]]).macs).toBe(6 * 80));
	test('dilations', () => expect(macs(['Conv', { dilations: [2, 3] }, [1, 3, 3, 3]]).macs).toBe(4 * 4 * 27));
	test('weights that do not fit', () =>
		expect(() => macs(['Conv', {}, [4, 5, 3, 3]])).toThrow(/here: expected Conv weights for 3 channels/));
	test('a kernel larger than the image', () => expect(() => macs(['Conv', {}, [4, 3, 9, 9]])).toThrow(/leaves pixels/));
});

test('pools, norms and additions are free', () => {
	const free = macs(
		['Cast', {}],
		['MaxPool', { kernel_shape: [2, 2], strides: [2, 2] }],
		['BatchNormalization', {}, [3], [3], [3], [3]],
		['AveragePool', { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: [1] }],
		['Mul', {}, [3, 1, 1]],
		['Add', {}, []],
		['Relu', {}],
		['Concat', { axis: [1] }, [1, 5, 2, 2]],
	);
	expect(free).toEqual({ macs: 0, columns: 32 });
});

test("the operators that PyTorch's export uses for means, views and activations are free", () => {
	const nodes: Parameters<typeof chain>[0] = [
		['Div', {}, []],
		['Sub', {}, [3, 1, 1]],
		['Clip', {}, [], []],
		...['Elu', 'Erf', 'Gelu', 'HardSigmoid', 'HardSwish', 'LeakyRelu', 'Tanh'].map((name): [string, object] => [
			name,
			{},
		]),
		['LayerNormalization', {}, [10], [10]],
	] as Parameters<typeof chain>[0];
	expect(macs(...nodes)).toEqual({ macs: 0, columns: 240 });
	expect(macs(['ReduceMean', { axes: [2, 3], keepdims: [0] }])).toEqual({ macs: 0, columns: 3 });
	expect(macs(['ReduceMean', {}, { integers: [-1, -2] }])).toEqual({ macs: 0, columns: 3 });
	expect(macs(['Reshape', {}, { integers: [0, 3, -1] }], ['MatMul', {}, [80, 5]])).toEqual({
		macs: 3 * 80 * 5,
		columns: 15,
	});
});

test('means and views whose result is not known in advance are refused', () => {
	expect(() => macs(['ReduceMean', {}, [2]])).toThrow(/ReduceMean over constant axes/);
	expect(() => macs(['Reshape', {}, [3]])).toThrow(/Reshape to constant sizes/);
	expect(() => macs(['Reshape', {}, { integers: [1, 7] }])).toThrow(/Reshape of .* to as many/);
	expect(() => macs(['Reshape', {}, { integers: [-1, -1] }])).toThrow(/here: expected/);
	expect(() => macs(['Reshape', {}, { integers: [-1, 7] }])).toThrow(/here: expected/);
});

test('matrix products', () => {
	const pooled: Parameters<typeof macs>[0] = ['GlobalAveragePool', {}];
	expect(macs(pooled, ['Flatten', {}], ['Gemm', { transB: [1] }, [7, 3], [7]])).toEqual({ macs: 21, columns: 7 });
	expect(macs(pooled, ['Flatten', {}], ['MatMul', {}, [3, 5]]).macs).toBe(15);
	expect(macs(['MatMul', {}, [10, 2]]).macs).toBe(3 * 8 * 10 * 2);
	expect(() => macs(pooled, ['Flatten', {}], ['MatMul', {}, [4, 5]])).toThrow(/matrices that fit/);
});

test('what cannot be counted is refused by name', () => {
	expect(() => macs(['Einsum', {}, [3, 3]])).toThrow(/found operator Einsum/);
	expect(() => macs(['Conv', {}, [-4, 3, 1, 1]])).toThrow(/sizes of 1 and more/);
	expect(() => macs(['Add', {}, [4, 1, 1]])).toThrow(/shapes that fit/);
	const graph = chain([['Flatten', {}]]);
	graph.nodes.splice(0, 1);
	expect(() => countMacs(graph, input, 'here')).toThrow(/an earlier node or tensor "node_0"/);
	expect(() => countMacs(chain([['Relu', {}]]), input, 'here')).toThrow(/one output/);
});
