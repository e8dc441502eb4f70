import { describe, expect, test } from 'vitest';
import { limits } from '../core/limits.ts';
import { buildTar, patchTarHeader, type TarEntry } from './testing/build.ts';
import { contentsOf, list } from './testing/contents.ts';

const good = { name: 'cats/good.png', content: 'the pixels of good' };

describe('a tar', () => {
	test('yields the images that were packed, with long paths, in any notation', async () => {
		const entries: TarEntry[] = [
			good,
			{ name: `${'long/'.repeat(60)}x.png`, content: 'pax' },
			{ name: './Käse/日本 🐱.png', content: 'utf-8' },
			{ name: 'empty.png' },
			{ name: 'exactly.png', content: 'b'.repeat(512) },
		];
		const expected = entries.map(({ name, content = '' }) => [name.replace(/^\.\//, ''), String(content)]);
		expect(Object.entries(await contentsOf('tar', await buildTar(entries)))).toEqual(expected);
	});

	test.each<[string, TarEntry, RegExp]>([
		['that leads out', { name: '../evil.png', content: 'x' }, /leads out/],
		['with an absolute path', { name: '/etc/evil.png', content: 'x' }, /absolute/],
		['with a backslash', { name: '..\\evil.png', content: 'x' }, /backslash/],
		['that is a symbolic link', { name: 'l.png', type: 'symlink', linkname: '/etc/passwd' }, /a symlink/],
		['that is a hard link', { name: 'l.png', type: 'link', linkname: 'cats/good.png' }, /a link/],
		['that is a device', { name: 'd.png', type: 'character-device' }, /a character device/],
		['that is a pipe', { name: 'p.png', type: 'fifo' }, /a fifo/],
		['that is sparse', { name: 's.png', content: 'x', pax: { 'GNU.sparse.major': '1' } }, /sparse/],
		['that is an archive', { name: 'inner.tar.gz', content: 'x' }, /archive within an archive/],
		['with a path that is too long', { name: `${'x'.repeat(1021)}.png`, content: 'x' }, /longer than 1024/],
	])('an entry %s is refused; its neighbours are not', async (_, entry, message) => {
		const contents = await contentsOf('tar', await buildTar([good, entry, { ...good, name: 'z.png' }]));
		expect(contents).toMatchObject({ [good.name]: good.content, 'z.png': good.content });
		const [refusal, ...others] = Object.values(contents).filter((content) => content !== good.content);
		expect(refusal).toMatch(message);
		expect(refusal).toMatch(/^bad-entry: /);
		expect(others).toEqual([]);
	});

	test('an entry that is too large for an image is refused as too large', async () => {
		const bytes = await buildTar([good, { name: 'large.png', content: Buffer.alloc(limits.imageBytesMax + 1) }]);
		expect((await contentsOf('tar', bytes))['large.png']).toMatch(/^too-large: /);
	});

	test.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
		['is empty', () => Buffer.alloc(0), /cut off/],
		['is something else', () => Buffer.from('<html>'.repeat(500)), /Invalid tar header/],
		['is cut off within an entry', (bytes) => bytes.subarray(0, 600), /Unexpected end/],
		['is cut off between two entries', (bytes) => bytes.subarray(0, 1024), /cut off/],
		['has a spoilt header', (bytes) => Buffer.from(bytes).fill(7, 1024, 1030), /Invalid tar header/],
		['has an entry of a size that is no number', (bytes) => withSize(bytes, [0x81, 5]), /size of an entry/],
		['has an entry of a negative size', (bytes) => withSize(bytes, [0xff, 0xff]), /Invalid header/],
		['has too many entries', (bytes) => Buffer.concat(Array(50_001).fill(bytes.subarray(0, 1024))), /more than 50000/],
	])('that %s is refused as a whole', async (_, spoil, message) => {
		const bytes = spoil(await buildTar([good, { ...good, name: 'other.png' }]));
		await expect(list('tar', bytes)).rejects.toMatchObject({
			reason: 'bad-archive',
			message: expect.stringMatching(message),
		});
	});

	test('whose entry claims to be larger than the archive is refused as a whole', async () => {
		const bytes = await buildTar([{ ...good, pax: { size: '99999999999' } }]);
		await expect(list('tar', bytes)).rejects.toMatchObject({ reason: 'bad-archive' });
	});
});

/** A tar whose first entry's size begins with these bytes. */
function withSize(bytes: Buffer, size: number[]): Buffer {
	return patchTarHeader(bytes, (header) => header.set(size, 124));
}
