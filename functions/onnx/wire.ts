import { refused } from './refused.ts';

/*
 * Protobuf's wire format: a message is a list of fields, each a tag (number and wire type) and a value.
 */

/** One field of a message: its number, and what it holds. */
export interface Field {
	number: number;
	/** Of a whole number; 0 otherwise. */
	value: number;
	/** Of text, a nested message or a packed list; undefined otherwise. */
	bytes: Uint8Array | undefined;
}

const varintBytesMax = 10;
/** Tags have 32 bits; readers differ on what longer ones mean. */
const tagMax = 2 ** 32 - 1;

/** A whole number of 1 to 10 bytes, the lowest 7 bits first; and where the next thing begins. */
function varint(bytes: Uint8Array, start: number, where: string): [value: number, next: number] {
	let value = 0n;
	for (let i = 0; i < varintBytesMax; i++) {
		const byte = bytes[start + i];
		if (byte === undefined) throw tooShort(where);
		value |= BigInt(byte & 127) << BigInt(7 * i);
		if (byte < 128) return [Number(BigInt.asIntN(64, value)), start + i + 1];
	}
	throw refused(where, 'an ONNX file', 'a number that never ends');
}

const tooShort = (where: string) => refused(where, 'a whole ONNX file', 'one that ends too early');

/**
 * The fields of one message, in its order; floating point fields are skipped.
 * @param where names package and file in errors
 * @throws BudgetNetError `invalid`: cut short, or no protobuf
 */
export function* fieldsOf(bytes: Uint8Array | undefined, where: string): Generator<Field> {
	if (!bytes) throw refused(where, 'an ONNX file', 'a number where a message belongs');
	let at = 0;
	const skip = (count: number): Uint8Array => {
		if (count < 0 || at + count > bytes.length) throw tooShort(where);
		at += count;
		return bytes.subarray(at - count, at);
	};
	const next = (): number => {
		const [value, after] = varint(bytes, at, where);
		at = after;
		return value;
	};
	while (at < bytes.length) {
		const tag = next();
		if (tag < 0 || tag > tagMax) throw refused(where, 'an ONNX file', `tag ${tag}`);
		const number = Math.floor(tag / 8);
		const wireType = tag & 7;
		if (number === 0) throw refused(where, 'an ONNX file', 'field 0, which no message has');
		if (wireType === 0) yield { number, value: next(), bytes: undefined };
		else if (wireType === 1) skip(8);
		else if (wireType === 2) yield { number, value: 0, bytes: skip(next()) };
		else if (wireType === 5) skip(4);
		else throw refused(where, 'an ONNX file', `wire type ${wireType}`);
	}
}

/** The whole numbers of one field: a repeated number comes one a field, or all of them packed into one. */
export function integersOf(field: Field, where: string): number[] {
	if (!field.bytes) return [field.value];
	const integers: number[] = [];
	for (let at = 0; at < field.bytes.length; ) {
		const [value, next] = varint(field.bytes, at, where);
		integers.push(value);
		at = next;
	}
	return integers;
}

/** The text of one field. */
export function textOf({ bytes }: Field): string {
	return new TextDecoder().decode(bytes);
}
