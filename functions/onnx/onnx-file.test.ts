import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readOnnx } from './onnx-file.ts';

const policy = join(import.meta.dirname, '..', '..', 'models', 'packages', 'cifar10-resnet', 'policy-00.onnx');

/** A field of protobuf's wire format: a number, or text or a message. */
function field(number: number, content: number | string | Buffer): Buffer {
	if (typeof content === 'number') return Buffer.from([8 * number, content]);
	const bytes = Buffer.from(content as string);
	return Buffer.concat([Buffer.from([8 * number + 2, bytes.length]), bytes]);
}

const graphWith = (...attribute: Buffer[]) => field(7, field(1, field(5, Buffer.concat(attribute))));

test('a file that other readers would merge into another graph is refused', async () => {
	const bytes = await readFile(policy);
	expect(readOnnx(bytes, 'policy').nodes.length).toBeGreaterThan(0);
	expect(() => readOnnx(Buffer.concat([bytes, bytes]), 'policy')).toThrow(/policy.*expected one graph, found several/);
});

test('an attribute with two values, of which other readers take the last, is refused', () => {
	const [node] = readOnnx(graphWith(field(1, 'group'), field(3, 2)), 'policy').nodes;
	expect(node?.integers.get('group')).toEqual([2]);
	expect(() => readOnnx(graphWith(field(1, 'group'), field(3, 2), field(3, 1)), 'policy')).toThrow(
		/expected plain attributes, found several values of "group"/,
	);
});

test('a tag of more than 32 bits is refused', () => {
	expect(() => readOnnx(Buffer.from([0xfa, 0xff, 0xff, 0xff, 0xff, 0x01, 0x00]), 'policy')).toThrow(/found tag/);
});

test('a field with number 0, behind which another format could hide, is refused', () => {
	expect(() => readOnnx(Buffer.concat([field(0, 'ORTM'), graphWith()]), 'policy')).toThrow(/found field 0/);
});

const eightBytes = (value: number) => Buffer.from(BigInt64Array.of(BigInt(value)).buffer);
const constant = (...tensor: Buffer[]) =>
	field(
		7,
		field(
			1,
			Buffer.concat([field(2, 'c'), field(4, 'Constant'), field(5, Buffer.concat([field(1, 'value'), ...tensor]))]),
		),
	);

test('a Constant is read as a tensor, including its integers where they are few', () => {
	const tensor = [field(1, 1), field(2, 7), field(9, eightBytes(-1))];
	const { nodes, tensors } = readOnnx(constant(field(5, Buffer.concat(tensor))), 'policy');
	expect(nodes).toEqual([]);
	expect(tensors.get('c')).toEqual({ name: 'c', dims: [1], external: undefined, integers: [-1] });
	const floats = [field(1, 1), field(2, 1), field(9, eightBytes(1))];
	expect(readOnnx(constant(field(5, Buffer.concat(floats))), 'policy').tensors.get('c')).not.toHaveProperty('integers');
});

test('a value that other readers would read differently is refused', () => {
	const tensor = Buffer.concat([field(1, 1), field(2, 7), field(9, eightBytes(1))]);
	expect(() => readOnnx(constant(field(5, tensor), field(5, tensor)), 'policy')).toThrow(/a nested "value"/);
	const twice = Buffer.concat([tensor, field(7, 2)]);
	expect(() => readOnnx(constant(field(5, twice)), 'policy')).toThrow(/two lists of them/);
	const elsewhere = Buffer.concat([tensor, field(14, 1)]);
	expect(() => readOnnx(constant(field(5, elsewhere)), 'policy')).toThrow(/a nested "value" in Constant c/);
	expect(() => readOnnx(graphWith(field(1, 'value'), field(5, tensor)), 'policy')).toThrow(/a nested "value"/);
});
