import { product, rules, type Shape, sizes } from './mac-rules.ts';
import type { OnnxGraph } from './onnx-file.ts';
import { refused } from './refused.ts';

function mustBeShape(shape: Shape, where: string): void {
	if (!shape.every((size) => Number.isInteger(size) && size >= 1) || !Number.isSafeInteger(product(shape)))
		throw refused(where, 'sizes of 1 and more', sizes(shape));
}

/**
 * Counts the MACs of one image by walking over a graph's nodes: convolutions and matrix products; nothing else counts.
 * @param input name of the graph's only input, and its shape with one image
 * @param where names package and file in errors
 * @returns MACs an image, and the columns of the graph's only output
 * @throws BudgetNetError `invalid`: an unknown operator, or shapes that do not fit
 */
export function countMacs(
	graph: OnnxGraph,
	input: { name: string; shape: Shape },
	where: string,
): { macs: number; columns: number } {
	const shapes = new Map<string, Shape>([[input.name, input.shape]]);
	for (const [name, { dims }] of graph.tensors) shapes.set(name, dims);
	for (const shape of shapes.values()) mustBeShape(shape, where);
	let macs = 0;
	for (const node of graph.nodes) {
		const rule = rules.get(node.operator);
		if (!rule)
			throw refused(
				where,
				`only ${[...rules.keys()].join(', ')}`,
				`operator ${node.operator}, which gives "${node.outputs[0]}"`,
			);
		const names = node.inputs.filter((name) => name !== ''); // inputs that are left out, such as Clip's minimum
		const inputs = names.map((name) => {
			const shape = shapes.get(name);
			if (!shape) throw refused(where, `an earlier node or tensor "${name}"`, 'none');
			return shape;
		});
		const constants = names.map((name) => graph.tensors.get(name)?.integers);
		const done = rule(node, inputs, where, constants);
		mustBeShape(done.shape, where);
		macs += done.macs;
		shapes.set(node.outputs[0] ?? '', done.shape);
	}
	const [output, ...more] = graph.outputs.map((name) => shapes.get(name));
	if (output?.length !== 2 || more.length > 0)
		throw refused(where, 'one output [images x columns]', sizes(output ?? []));
	return { macs, columns: output[1] as number };
}
