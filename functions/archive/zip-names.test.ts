import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildZip, patchCentral } from './testing/build.ts';
import { contentsOf } from './testing/contents.ts';

test.each([
	[
		'in UTF-8 where they can be, as Finder writes them without saying so',
		'Stra\xc3\x9fe/f\xc3\xbcr.png',
		'Straße/für.png',
	],
	['in code page 437 else', 'f\x81r.png', 'für.png'],
	['in code page 437 though they say UTF-8 and are none', 'f\x81r.png', 'für.png', 0x800],
	['with slashes for the backslashes of Windows', 'a\\Stra\xc3\x9fe\\b.png', 'a/Straße/b.png'],
	['with slashes for those that nothing else can be', 'f\x81r\\b.png', 'für/b.png'],
	['with none for half of a character in Shift-JIS (表.png)', '\x95\\.png', 'ò＼.png'],
	['with none for half of a character in Big5 (功/許.png)', '\xa5\\/\xb3\\.png', 'Ñ＼/│＼.png'],
	['with slashes behind such a one (表\\a.png)', '\x95\\\\a.png', 'ò＼/a.png'],
])('names in a zip are read %s', async (_, raw, expected, flag = 0) => {
	expect(await contentsOf('zip', await zipOfNames([raw], flag))).toEqual({ [expected]: 'content 0' });
});

test('names in a zip come from its Unicode fields, with slashes for backslashes, unless a field is of another name', async () => {
	const raw = Buffer.from('f\x81r\\b.png', 'latin1');
	for (const [crc, expected] of [
		[crc32(raw), '日本/表.png'],
		[1, 'für/b.png'],
	] as const) {
		const field = Buffer.concat([Buffer.alloc(9), Buffer.from('日本\\表.png')]);
		field.writeUInt16LE(0x7075);
		field.writeUInt16LE(field.length - 4, 2);
		field[4] = 1;
		field.writeUInt32LE(crc, 5);
		const bytes = await zipOfNames([raw.toString('latin1')]);
		const at = bytes.indexOf('PK\u0001\u0002');
		bytes.writeUInt16LE(field.length, at + 30);
		const end = at + 46 + raw.length;
		const longer = Buffer.concat([bytes.subarray(0, end), field, bytes.subarray(end)]);
		expect(Object.keys(await contentsOf('zip', longer))).toEqual([expected]);
	}
});

test('whatever double-byte characters the names in a zip have, each of its images has an outcome', async () => {
	const half = (from: number, to: number) => fc.oneof(fc.constant(0x5c), fc.integer({ min: from, max: to }));
	const character = fc
		.tuple(fc.integer({ min: 0x81, max: 0xfe }), half(0x40, 0x7e))
		.map((bytes) => String.fromCharCode(...bytes));
	const name = fc.array(character, { minLength: 1, maxLength: 4 }).map((characters) => `${characters.join('')}.png`);
	await fc.assert(
		fc.asyncProperty(fc.uniqueArray(name, { minLength: 1, maxLength: 8 }), async (names) => {
			const contents = Object.values(await contentsOf('zip', await zipOfNames(names)));
			expect(contents.sort()).toEqual(names.map((_, i) => `content ${i}`));
		}),
	);
});

/** A zip whose names are these bytes (as Latin-1); the n-th holds `content n`. */
async function zipOfNames(names: readonly string[], flag = 0): Promise<Buffer> {
	const bytes = await buildZip(names.map(({ length }, i) => ({ name: 'x'.repeat(length), content: `content ${i}` })));
	for (const [i, name] of names.entries())
		patchCentral(bytes, i, (zip, at) => {
			zip.write(name, at + 46, 'latin1');
			zip.writeUInt16LE((zip.readUInt16LE(at + 8) & ~0x800) | flag, at + 8);
		});
	return bytes;
}
