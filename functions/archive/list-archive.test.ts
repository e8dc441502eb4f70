import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { archiveFormatOf } from '../core/archive.ts';
import { ImageError } from '../core/failure.ts';
import { limits } from '../core/limits.ts';
import { listArchive } from './list-archive.ts';
import { buildTar, buildZip, inMemory, patchCentral, type ZipEntry } from './testing/build.ts';
import { contentsOf, list } from './testing/contents.ts';

const good = { name: 'cats/good.png', content: 'the pixels of good' };

const zeros = Buffer.alloc(1_000_000);

describe('a zip', () => {
	test('yields the bytes that were packed, stored or deflated, zip64 or not, with any characters in its paths', async () => {
		const entries: ZipEntry[] = [
			good,
			{ name: 'deflated.png', content: 'abc'.repeat(20), compress: true },
			{ name: 'Käse/日本 🐱+.png', content: 'utf-8', zip64: true },
			{ name: 'a\\b.png', content: 'made on Windows' },
			{ name: 'empty.png', content: '' },
			{ name: 'b/c..d/e..png', content: 'dots' },
		];
		const expected = entries.map(({ name, content }) => [name.replaceAll('\\', '/'), String(content)]);
		expect(Object.entries(await contentsOf('zip', await buildZip(entries)))).toEqual(expected);
	});

	test.each<[string, ZipEntry, RegExp]>([
		['that leads out', { name: '../evil.png', content: 'x' }, /leads out/],
		['that leads out further down', { name: 'a/../../evil.png', content: 'x' }, /leads out/],
		['that leads out in the way of Windows', { name: 'a\\..\\evil.png', content: 'x' }, /leads out/],
		['with an absolute path', { name: '/etc/evil.png', content: 'x' }, /absolute/],
		['with a drive', { name: 'C:/evil.png', content: 'x' }, /absolute/],
		['with control characters', { name: 'evil\u0007\n.png', content: 'x' }, /control characters/],
		['with a path that is too long', { name: `${'x'.repeat(1021)}.png`, content: 'x' }, /longer than 1024/],
		['that is a link', { name: 'link.png', content: '/etc/passwd', mode: 0o120777 }, /link/],
		['that is a device', { name: 'null.png', content: '', mode: 0o020644 }, /device/],
		['that is an archive', { name: 'inner.zip', content: 'PK' }, /archive within an archive/],
		['that is a bomb', { name: 'bomb.png', content: zeros, compress: true }, /more than 100 times/],
	])('an entry %s is refused; its neighbours are not', async (_, entry, message) => {
		const contents = await contentsOf('zip', await buildZip([good, entry, { ...good, name: 'z.png' }]));
		expect(contents).toMatchObject({ [good.name]: good.content, 'z.png': good.content });
		const [refusal, ...others] = Object.values(contents).filter((content) => content !== good.content);
		expect(refusal).toMatch(message);
		expect(refusal).toMatch(/^bad-entry: /);
		expect(others).toEqual([]);
	});

	test.each<[string, (bytes: Buffer, central: number) => void, RegExp]>([
		['is encrypted', (bytes, at) => bytes.writeUInt16LE(bytes.readUInt16LE(at + 8) | 1, at + 8), /encrypted/],
		[
			'is strongly encrypted',
			(bytes, at) => bytes.writeUInt16LE(bytes.readUInt16LE(at + 8) | 0x41, at + 8),
			/encrypted/,
		],
		['is compressed by another method', (bytes, at) => bytes.writeUInt16LE(12, at + 10), /by method 12/],
		['has another checksum', (bytes, at) => bytes.writeUInt32LE(1, at + 16), /checksum/],
		['unpacks to more than it says', (bytes, at) => bytes.writeUInt32LE(7, at + 24), /to the 7 bytes/],
		['unpacks to less than it says', (bytes, at) => bytes.writeUInt32LE(61, at + 24), /unpacks to 60 bytes/],
		['is cut', (bytes, at) => bytes.writeUInt32LE(3, at + 20), /cannot be unpacked/],
		['reaches beyond the end', (bytes, at) => bytes.writeUInt32LE(1_000_000, at + 20), /beyond those of the archive/],
		['begins beyond the end', (bytes, at) => bytes.writeUInt32LE(1_000_000, at + 42), /beyond those of the archive/],
		['begins elsewhere', beginLater, /no such entry/],
	])('an entry that %s is refused; its neighbours are not', async (_, spoil, message) => {
		const packed = { name: 'packed.png', content: 'abc'.repeat(20), compress: true };
		const bytes = await buildZip([good, packed]);
		patchCentral(bytes, 1, spoil);
		const contents = await contentsOf('zip', bytes);
		expect(contents[good.name]).toBe(good.content);
		expect(contents['packed.png']).toMatch(message);
		expect(contents['packed.png']).toMatch(/^bad-entry: /);
	});

	test('an entry that reaches far beyond the end does not spoil the entries after it', async () => {
		const bytes = await buildZip([{ ...good, name: 'liar.png', compress: true }, good, { ...good, name: 'z.png' }]);
		patchCentral(bytes, 0, (_, at) => bytes.writeUInt32LE(1_000_000, at + 20));
		expect(await contentsOf('zip', bytes)).toEqual({
			'liar.png': 'bad-entry: its bytes extend beyond those of the archive',
			[good.name]: good.content,
			'z.png': good.content,
		});
	});

	test('entries that share bytes are all refused, because a bomb unpacks one kernel many times', async () => {
		const kernel = { content: 'abc'.repeat(100), compress: true };
		const bytes = await buildZip([good, ...['a', 'b', 'c'].map((name) => ({ name, ...kernel }))]);
		let shared = 0;
		patchCentral(bytes, 1, (_, at) => {
			shared = bytes.readUInt32LE(at + 42);
		});
		for (const entry of [2, 3]) patchCentral(bytes, entry, (_, at) => bytes.writeUInt32LE(shared, at + 42));
		const { [good.name]: content, ...others } = await contentsOf('zip', bytes);
		expect(content).toBe(good.content);
		expect(Object.values(others)).toEqual(Array(3).fill('bad-entry: it shares bytes with another entry'));
	});

	test('an entry that is too large for an image is refused as too large', async () => {
		const bytes = await buildZip([good, { name: 'large.png', content: Buffer.alloc(limits.imageBytesMax + 1) }]);
		expect((await contentsOf('zip', bytes))['large.png']).toMatch(/^too-large: /);
	});

	test('an entry packed in more bytes than an image may have is refused as too large, however small it claims to be', async () => {
		const bytes = await buildZip([good, { name: 'padded.png', content: Buffer.alloc(limits.imageBytesMax + 1) }]);
		patchCentral(bytes, 1, (_, at) => {
			bytes.writeUInt16LE(8, at + 10); // deflated
			bytes.writeUInt32LE(1, at + 24); // to a single byte
		});
		expect((await contentsOf('zip', bytes))['padded.png']).toMatch(/^too-large: /);
	});

	test.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
		['is empty', () => Buffer.alloc(0), /End of central directory/],
		['is something else', () => Buffer.from('<html>no such bucket</html>'), /End of central directory/],
		['is cut off', (bytes) => bytes.subarray(0, bytes.length - 30), /End of central directory/],
		['has lost its beginning', (bytes) => bytes.subarray(40), /signature|refers to bytes/],
		['says that it has too many entries', (bytes) => withCount(bytes, 50_001), /more than 50000 entries/],
		[
			'has more entries than it says (as 100,000, counted by 16 bits)',
			(bytes) => withCount(bytes, 1),
			/more entries than it declares/,
		],
		['has fewer entries than it says', (bytes) => withCount(bytes, 3), /signature|refers to bytes/],
		['lies on several disks', (bytes) => withField(bytes, 4, 1), /multi-disk/],
		['has its directory elsewhere', (bytes) => withField(bytes, 16, 5), /signature/],
	])('that %s is refused as a whole', async (_, spoil, message) => {
		const bytes = spoil(await buildZip([good, { ...good, name: 'other.png' }]));
		await expect(list('zip', bytes)).rejects.toMatchObject({
			reason: 'bad-archive',
			message: expect.stringMatching(message),
		});
		await expect(list('zip', bytes)).rejects.toThrow(/create it again|drop it as several archives/);
	});
});

describe('any archive', () => {
	const builders = { zip: buildZip, tar: buildTar } as const;

	test.each(['zip', 'tar'] as const)(
		'.%s: folders and hidden files are left out; a name that appears twice has one outcome',
		async (format) => {
			const names = ['a.png', '.DS_Store', '__MACOSX/._a.png', '.git/x.png', 'twice.png', 'twice.png'];
			const entries = names.map((name, i) => ({ name, content: `${i}` }));
			const bytes =
				format === 'tar'
					? await buildTar([{ name: 'folder', type: 'directory' }, ...entries])
					: await buildZip(entries);
			expect(await contentsOf(format, bytes)).toEqual({
				'a.png': '0',
				'twice.png': 'bad-entry: its name occurs 2 times in the archive',
			});
		},
	);

	test.each(['zip', 'tar'] as const)('.%s without files is refused', async (format) => {
		await expect(list(format, await builders[format]([]))).rejects.toMatchObject({ message: 'it holds no files' });
	});

	test.each(['tar.gz', 'tgz', 'TAR.BZ2', 'tar.zst'])('.%s is refused with advice on what to do', async (format) => {
		await expect(list(format, Buffer.from('x'))).rejects.toMatchObject({
			message: expect.stringMatching(/drop it as .tar or .zip/),
		});
	});

	test.each(['a.tar.jpg', 'a.tar.png', 'tar.webp'])('%s is not one, whatever comes before its suffix', (name) => {
		expect(archiveFormatOf(`acme/${name}`)).toBeUndefined();
	});

	test('that is too large is refused before anything is read', async () => {
		const archive = { key: 'acme/a.tar', etag: 'e1', bytes: limits.archiveBytesMax + 1 };
		await expect(listArchive(archive, inMemory(Buffer.alloc(0)))).rejects.toMatchObject({
			message: expect.stringMatching(/more than \d+ bytes/),
		});
	});

	test.each(['zip', 'tar'] as const)(
		'.%s corrupted anywhere yields the bytes that were packed or a reason, and nothing else',
		async (format) => {
			const entries = [
				good,
				{ name: 'b.png', content: 'abc'.repeat(50), compress: true },
				{ name: 'c.png', content: '' },
			];
			const whole = await builders[format](
				entries.map(({ compress, ...entry }: ZipEntry) =>
					format === 'zip' && compress ? { ...entry, compress } : entry,
				),
			);
			const contents = new Set(entries.map(({ content }) => content));
			const spoilt = fc.record({
				at: fc.nat({ max: whole.length - 1 }),
				to: fc.nat({ max: 255 }),
				cut: fc.option(fc.nat({ max: whole.length })),
			});
			await fc.assert(
				fc.asyncProperty(fc.array(spoilt, { minLength: 1, maxLength: 3 }), async (changes) => {
					const bytes = Buffer.from(whole);
					for (const { at, to } of changes) bytes[at] = to;
					const cut = changes[0]?.cut;
					const seen = await contentsOf(format, cut ? bytes.subarray(0, cut) : bytes).catch((error) => {
						expect(error).toBeInstanceOf(ImageError);
						return {};
					});
					if (format === 'zip')
						for (const content of Object.values(seen))
							expect(contents.has(content) || /^(bad-entry|too-large): /.test(content)).toBe(true);
				}),
				{ numRuns: 1000 },
			);
		},
	);
});

/** Lets an entry begin three bytes later, and end where it ended. */
function beginLater(bytes: Buffer, at: number): void {
	bytes.writeUInt32LE(bytes.readUInt32LE(at + 42) + 3, at + 42);
	bytes.writeUInt32LE(bytes.readUInt32LE(at + 20) - 3, at + 20);
}

const endOfDirectory = 'PK\u0005\u0006';

function withField(bytes: Buffer, field: number, value: number): Buffer {
	const spoilt = Buffer.from(bytes);
	spoilt.writeUInt16LE(value, spoilt.lastIndexOf(endOfDirectory) + field);
	return spoilt;
}

function withCount(bytes: Buffer, count: number): Buffer {
	return withField(withField(bytes, 8, count), 10, count);
}
