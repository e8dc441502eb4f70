import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test, vi } from 'vitest';
import { pathProblem } from '../core/archive.ts';
import { readTar } from './tar.ts';
import { buildTar } from './testing/build.ts';

const mebibyte = 1024 * 1024;
const endBytes = 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Long strings lie outside of the heap. */
function usedBytes(): number {
	collectGarbage();
	const { heapUsed, external } = process.memoryUsage();
	return heapUsed + external;
}

test.each([
	['a long name', 'x'.repeat(2 * mebibyte), 1025],
	['a short name behind a long way to it', `${'./'.repeat(mebibyte)}folder/picture.png`, 18],
])('%s costs no memory, however many entries of a tar have such a one', async (_, path, characters) => {
	const count = 48;
	const built = await buildTar([{ name: 'x', content: 'x', pax: { path } }]);
	const entry = built.subarray(0, -endBytes);
	const parts = [...Array(count).fill(entry), Buffer.alloc(endBytes)];
	const archive = {
		bytes: count * entry.length + endBytes,
		read: () => Promise.reject(new Error('a tar is streamed')),
		stream: async () => Readable.from(parts),
	};
	const beforeBytes = usedBytes();
	const records = await readTar(archive);
	expect(usedBytes() - beforeBytes).toBeLessThan(8 * mebibyte); // the names are 96 MiB
	expect(records.map((record) => record.name.length)).toEqual(Array(count).fill(characters));
});

test('what is kept of a name that is too long is still too long, whatever it is made of', async () => {
	for (const letter of ['x', 'ä', '日', '🐱']) {
		const bytes = await buildTar([{ name: letter.repeat(2000), content: 'x' }]);
		const [record] = await readTar({
			bytes: bytes.length,
			read: () => Promise.reject(new Error('a tar is streamed')),
			stream: async () => Readable.from([bytes]),
		});
		expect(pathProblem(record?.name ?? '')).toMatch(/longer than 1024/);
	}
});

test('a tar that takes too long is refused, and says what to do', async () => {
	const bytes = await buildTar([{ name: 'a.png', content: 'x' }]);
	const source = new Readable({ read: () => undefined }); // its bucket sends nothing more
	source.push(bytes.subarray(0, 1024));
	vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
	try {
		const read = () => Promise.reject(new Error('a tar is streamed'));
		const listing = readTar({ bytes: bytes.length, read, stream: async () => source }).catch((error) => error);
		await vi.advanceTimersByTimeAsync(200_000);
		expect(await listing).toMatchObject({
			reason: 'bad-archive',
			message: expect.stringContaining('within 200 s: drop it as a zip'),
		});
	} finally {
		vi.useRealTimers();
	}
});
