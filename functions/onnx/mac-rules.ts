import type { OnnxNode } from './onnx-file.ts';
import { refused } from './refused.ts';

/** Sizes by axis, with one image. */
export type Shape = readonly number[];
/** A node's output. */
interface Done {
	shape: Shape;
	macs: number;
}
/**
 * What an operator makes of its inputs' shapes, and what it costs.
 * @param constants values of those inputs that consist of a few whole numbers known beforehand
 * @throws BudgetNetError `invalid`: shapes that do not fit
 */
type Rule = (node: OnnxNode, inputs: Shape[], where: string, constants: (number[] | undefined)[]) => Done;

const free = (shape: Shape): Done => ({ shape, macs: 0 });
export const product = (shape: Shape): number => shape.reduce((all, one) => all * one, 1);
export const sizes = (shape: Shape): string => `[${shape.join(' x ')}]`;
const integer = (node: OnnxNode, name: string, otherwise: number): number => node.integers.get(name)?.[0] ?? otherwise;

const same: Rule = (_node, [x = []]) => free(x);

const broadcast: Rule = (node, inputs, where) => {
	const rank = Math.max(...inputs.map((shape) => shape.length));
	const shape = Array.from({ length: rank }, (_, axis) => {
		const here = inputs.map((input) => input[axis - rank + input.length] ?? 1).filter((size) => size !== 1);
		if (new Set(here).size > 1)
			throw refused(where, `${node.operator} of shapes that fit`, inputs.map(sizes).join(', '));
		return here[0] ?? 1;
	});
	return free(shape);
};

/** Height and width after a window of `kernel` has slid over [images, channels, height, width]. */
function slide(node: OnnxNode, x: Shape, kernel: Shape, where: string): [number, number] {
	if (x.length !== 4 || kernel.length !== 2) throw refused(where, `a ${node.operator} over images`, sizes(x));
	const padding = node.texts.get('auto_pad') ?? 'NOTSET';
	if (padding !== 'NOTSET') throw refused(where, `${node.operator} with its pads`, `auto_pad ${padding}`);
	const strides = node.integers.get('strides') ?? [1, 1];
	const pads = node.integers.get('pads') ?? [0, 0, 0, 0];
	const dilations = node.integers.get('dilations') ?? [1, 1];
	const round = integer(node, 'ceil_mode', 0) === 1 ? Math.ceil : Math.floor;
	const [height, width] = [0, 1].map((axis) => {
		const padded = (x[axis + 2] as number) + (pads[axis] as number) + (pads[axis + 2] as number);
		const reach = (dilations[axis] as number) * ((kernel[axis] as number) - 1) + 1;
		return round((padded - reach) / (strides[axis] as number)) + 1;
	}) as [number, number];
	if (!(height >= 1 && width >= 1)) throw refused(where, `${node.operator} that leaves pixels`, sizes([height, width]));
	return [height, width];
}

const convolution: Rule = (node, [x = [], weight = []], where) => {
	const [images = 1, channels = 0] = x;
	const [maps = 0, channelsOfGroup = 0, ...kernel] = weight;
	const groups = integer(node, 'group', 1);
	if (channels !== channelsOfGroup * groups || maps % groups !== 0)
		throw refused(where, `Conv weights for ${channels} channels in ${groups} groups`, sizes(weight));
	const shape = [images, maps, ...slide(node, x, kernel, where)];
	return { shape, macs: product(shape) * channelsOfGroup * product(kernel) };
};

const pool: Rule = (node, [x = []], where) => {
	const window = slide(node, x, node.integers.get('kernel_shape') ?? [], where);
	return free([...x.slice(0, 2), ...window]);
};

/** MatMul, and Gemm with its transpositions; the axes before the last two are broadcast. */
const multiply: Rule = (node, [a = [], b = []], where) => {
	if (a.length < 2 || b.length < 2) throw refused(where, `${node.operator} of matrices`, `${sizes(a)}, ${sizes(b)}`);
	const turn = (shape: Shape, name: string): Shape =>
		integer(node, name, 0) === 1 ? [...shape.slice(0, -2), ...shape.slice(-2).reverse()] : shape;
	const left = turn(a, 'transA');
	const right = turn(b, 'transB');
	const [rows, inner] = left.slice(-2) as [number, number];
	const [innerToo, columns] = right.slice(-2) as [number, number];
	if (inner !== innerToo)
		throw refused(where, `${node.operator} of matrices that fit`, `${sizes(left)}, ${sizes(right)}`);
	const { shape: before } = broadcast(node, [left.slice(0, -2), right.slice(0, -2)], where, []);
	const shape = [...before, rows, columns];
	return { shape, macs: product(shape) * inner };
};

const transpose: Rule = (node, [x = []], where) => {
	const order = node.integers.get('perm') ?? x.map((_, axis) => x.length - 1 - axis);
	if (order.length !== x.length) throw refused(where, `Transpose of ${order.length} axes`, sizes(x));
	return free(order.map((axis) => x[axis] as number));
};

const flatten: Rule = (node, [x = []]) => {
	const axis = integer(node, 'axis', 1);
	return free([product(x.slice(0, axis)), product(x.slice(axis))]);
};

const concat: Rule = (node, inputs) => {
	const [first = []] = inputs;
	const axis = (integer(node, 'axis', 0) + first.length) % first.length;
	const along = inputs.reduce((sum, shape) => sum + (shape[axis] as number), 0);
	return free(first.map((size, i) => (i === axis ? along : size)));
};

const reduceMean: Rule = (node, [x = []], where, [, said]) => {
	const axes = node.integers.get('axes') ?? said;
	if (!axes) throw refused(where, 'ReduceMean over constant axes', 'others');
	const gone = new Set(axes.map((axis) => (axis + x.length) % x.length));
	const kept = integer(node, 'keepdims', 1) === 1 ? [1] : [];
	return free(x.flatMap((size, axis) => (gone.has(axis) ? kept : [size])));
};

const reshape: Rule = (_node, [x = []], where, [, said]) => {
	if (!said) throw refused(where, 'Reshape to constant sizes', 'others');
	const asked = said.map((size, axis) => (size === 0 ? (x[axis] ?? 0) : size));
	const rest = product(x) / product(asked.filter((size) => size !== -1));
	const shape = asked.map((size) => (size === -1 ? rest : size));
	if (product(shape) !== product(x)) throw refused(where, `Reshape of ${sizes(x)} to as many`, sizes(shape));
	return free(shape);
};

/** By operator. Others are refused: they could cost MACs that nobody counted. */
export const rules = new Map<string, Rule>([
	['Add', broadcast],
	['AveragePool', pool],
	['BatchNormalization', same],
	['Cast', same],
	['Clip', same],
	['Concat', concat],
	['Conv', convolution],
	['Div', broadcast],
	['Elu', same],
	['Erf', same],
	['Flatten', flatten],
	['Gelu', same],
	['Gemm', multiply],
	['GlobalAveragePool', (_node, [x = []]) => free([...x.slice(0, 2), 1, 1])],
	['HardSigmoid', same],
	['HardSwish', same],
	['Identity', same],
	['LayerNormalization', same],
	['LeakyRelu', same],
	['MatMul', multiply],
	['MaxPool', pool],
	['Mul', broadcast],
	['ReduceMean', reduceMean],
	['Relu', same],
	['Reshape', reshape],
	['Sigmoid', same],
	['Sub', broadcast],
	['Tanh', same],
	['Transpose', transpose],
]);
