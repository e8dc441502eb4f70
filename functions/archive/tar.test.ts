import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test, vi } from 'vitest';
import { pathProblem } from '../core/archive.ts';
import { readTar } from './tar.ts';
import { buildTar, inMemory, patchTarHeader } from './testing/build.ts';

const mebibyte = 1024 * 1024;
const endBytes = 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Long strings are stored outside the heap. */
function usedBytes(): number {
	collectGarbage();
	const { heapUsed, external } = process.memoryUsage();
	return heapUsed + external;
}

test.each([
	['a long name', 'x'.repeat(2 * mebibyte), 1025],
	['a short name behind a long way to it', `${'./'.repeat(mebibyte)}folder/picture.png`, 18],
])('%s costs no memory, however many entries of a tar have one', async (_, path, characters) => {
	const count = 48;
	const built = await buildTar([{ name: 'x', content: 'x', pax: { path } }]);
	const entry = built.subarray(0, -endBytes);
	const parts = [...Array(count).fill(entry), Buffer.alloc(endBytes)];
	const archive = {
		bytes: count * entry.length + endBytes,
		read: async (_: number, bytes: number) => Buffer.alloc(bytes), // only its end is read this way
		stream: async () => Readable.from(parts),
	};
	const beforeBytes = usedBytes();
	const records = await readTar(archive);
	expect(usedBytes() - beforeBytes).toBeLessThan(8 * mebibyte); // the names are 96 MiB
	expect(records.map((record) => record.name.length)).toEqual(Array(count).fill(characters));
});

test('an overlong name that is kept in part is still too long, whatever its characters', async () => {
	for (const letter of ['x', 'ä', '日', '🐱']) {
		const bytes = await buildTar([{ name: letter.repeat(2000), content: 'x' }]);
		const [record] = await readTar(inMemory(bytes));
		expect(pathProblem(record?.name ?? '')).toMatch(/longer than 1024/);
	}
});

describe('a tar that takes too long', async () => {
	const begun = (await buildTar([{ name: 'a.png', content: 'x' }])).subarray(0, 1024);
	const largestToWaitFor = 200 * 8 * mebibyte;

	/** Sends nothing after its first entry. */
	async function read(bytes: number, busyMs: number) {
		const source = new Readable({ read: () => undefined });
		source.push(begun);
		vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
		const busy = vi.spyOn(performance, 'eventLoopUtilization');
		busy.mockReturnValue({ active: 5, idle: 0, utilization: 0 });
		try {
			const unread = () => Promise.reject(new Error('a tar is streamed'));
			const listing = readTar({ bytes, read: unread, stream: async () => source }).catch((error) => error);
			await vi.advanceTimersByTimeAsync(199_999);
			busy.mockReturnValue({ active: 5 + busyMs, idle: 0, utilization: 0 });
			await vi.advanceTimersByTimeAsync(1);
			return await listing;
		} finally {
			vi.restoreAllMocks();
			vi.useRealTimers();
		}
	}

	test.each([
		['is as large as that', largestToWaitFor, 0],
		['keeps its reader busy', 1024 * 1024, 100_000],
	])('because it %s is refused with advice on what to do', async (_, bytes, busyMs) => {
		expect(await read(bytes, busyMs)).toMatchObject({
			reason: 'bad-archive',
			message: expect.stringContaining('within 200 s: drop it as a zip'),
		});
	});

	test('because its bucket sent nothing for a while is retried', async () => {
		expect(await read(largestToWaitFor - 1, 99_999)).toMatchObject({ code: 'unavailable' });
	});
});

describe('a tar that is cut off', () => {
	test.each([
		['PAX', 'ü'.repeat(80)],
		['GNU', 'x'.repeat(512)],
	])('anywhere, with long names in %s format, is refused', async (way, name) => {
		const entries = [0, 1, 2].map((i) => ({ name: `${name.slice(0, -5)}${i}.png`, content: `content ${i}` }));
		const bytes = way === 'PAX' ? await buildTar(entries) : gnuTar(entries);
		const contentEnd = bytes.length - endBytes;
		expect(await readTar(inMemory(bytes))).toHaveLength(entries.length);
		for (let cut = 0; cut <= contentEnd; cut += 512)
			await expect(readTar(inMemory(bytes.subarray(0, cut)))).rejects.toMatchObject({ reason: 'bad-archive' });
		// One block of zeros says that nothing follows; more of them fill a tape's record.
		for (const padded of [bytes.subarray(0, contentEnd + 512), Buffer.concat([bytes, Buffer.alloc(20 * 512)])])
			expect(await readTar(inMemory(padded))).toHaveLength(entries.length);
	});

	test('says what to do', async () => {
		const bytes = await buildTar([{ name: 'a.png', content: 'x' }]);
		for (const cut of [600, 1024])
			await expect(readTar(inMemory(bytes.subarray(0, cut)))).rejects.toThrow(/: create it again|; create it again/);
	});
});

test('concatenated tars are read as one', async () => {
	const tars = await Promise.all(['a.png', 'b.png'].map((name) => buildTar([{ name, content: 'x' }])));
	expect((await readTar(inMemory(Buffer.concat(tars)))).map(({ name }) => name)).toEqual(['a.png', 'b.png']);
});

test('a folder may declare a size, as some systems do, although no bytes follow it', async () => {
	const bytes = await buildTar([
		{ name: 'folder/', type: 'directory' },
		{ name: 'folder/a.png', content: 'x' },
	]);
	const large = patchTarHeader(bytes, (header) => header.write('00000010000', 124));
	for (const tar of [large, Buffer.concat([large.subarray(0, 512), Buffer.alloc(endBytes)])])
		expect((await readTar(inMemory(tar)))[0]).toMatchObject({ name: 'folder/', folder: true });
});

test('an entry without bytes whose name ends in a slash is a folder, as in old tars; one with bytes is a file', async () => {
	const asFile = async (content: string) => {
		const bytes = await buildTar([{ name: 'folder', content }]);
		return patchTarHeader(bytes, (header) => header.write('folder/', 0));
	};
	expect(await readTar(inMemory(await asFile('')))).toMatchObject([{ name: 'folder/', folder: true }]);
	expect(await readTar(inMemory(await asFile('x')))).toMatchObject([{ name: 'folder/', folder: false }]);
});

test('names are read as UTF-8 where possible, else as Latin-1: two names stay two', async () => {
	const named = async (name: string, encoding: 'latin1' | 'utf8') => {
		const bytes = await buildTar([{ name: 'x', content: 'x' }]);
		return patchTarHeader(bytes, (header) => header.write(name, 0, encoding)).subarray(0, -endBytes);
	};
	const tar = Buffer.concat([
		await named('aä.png', 'latin1'),
		await named('aö.png', 'latin1'),
		await named('日本.png', 'utf8'),
		await buildTar([{ name: 'Ã¤.png', content: 'x' }]), // from a PAX header, which says what it means
	]);
	expect((await readTar(inMemory(tar))).map(({ name }) => name)).toEqual(['aä.png', 'aö.png', '日本.png', 'Ã¤.png']);
});

/** Long names as GNU tar writes them: an entry of type L, with the name and a zero as bytes, before the entry. */
function gnuTar(entries: readonly { name: string; content: string }[]): Buffer {
	const block = (text: string) => Buffer.from(text.padEnd(Math.ceil(text.length / 512) * 512, '\0'));
	const header = (type: string, size: number) =>
		patchTarHeader(Buffer.alloc(512), (bytes) => {
			bytes.write('x', 0);
			bytes.write(size.toString(8).padStart(11, '0'), 124);
			bytes.write(type, 156);
			bytes.write('ustar  \0', 257);
		});
	const parts = entries.flatMap(({ name, content }) => [
		header('L', name.length + 1),
		block(`${name}\0`),
		header('0', content.length),
		block(content),
	]);
	return Buffer.concat([...parts, Buffer.alloc(endBytes)]);
}
