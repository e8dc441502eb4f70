import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { limits } from '../../core/limits.ts';
import { keepBodiesOnDisk } from './bodies-on-disk.ts';
import { createStores, type S3Store } from './fauxqs-stores.ts';

const bucket = 'images';

async function withStore(look: (store: S3Store) => void): Promise<void> {
	const { s3Store } = await createStores();
	s3Store.createBucket(bucket);
	const close = keepBodiesOnDisk(s3Store);
	try {
		look(s3Store);
	} finally {
		close();
	}
}

test.each([0, 1, 64 * 1024, 64 * 1024 + 1, limits.imageBytesMax + 1, limits.imageBytesMax + 2])(
	'a body of %i bytes is read as it was put, even after another was put, and its full length is reported',
	(bytes) =>
		withStore((store) => {
			const [first, second] = [randomBytes(bytes), randomBytes(bytes)];
			store.putObject(bucket, 'acme/a', first, undefined, undefined);
			store.putObject(bucket, 'acme/b', second, undefined, undefined);
			expect(store.getObject(bucket, 'acme/a').body.equals(first)).toBe(true);
			expect(store.headObject(bucket, 'acme/a').contentLength).toBe(bytes);
			store.putObject(bucket, 'acme/a', second, undefined, undefined);
			expect(store.getObject(bucket, 'acme/a').body.equals(second)).toBe(true);
		}),
);

test('a body that comes in parts is read as it was put', () =>
	withStore((store) => {
		const uploadId = store.createMultipartUpload(bucket, 'acme/parts', undefined, {});
		const parts = [randomBytes(5 * 1024 * 1024), randomBytes(7)];
		const specs = parts.map((part, i) => {
			const { etag } = store.uploadPart(uploadId, i + 1, part);
			return { partNumber: i + 1, etag };
		});
		store.completeMultipartUpload(uploadId, specs);
		expect(store.getObject(bucket, 'acme/parts').body.equals(Buffer.concat(parts))).toBe(true);
	}));

test('a hundred photos are not held in memory', () =>
	withStore((store) => {
		const before = bytesHeld();
		for (let i = 0; i < 100; i++)
			store.putObject(bucket, `acme/${i}`, Buffer.alloc(1_000_000, i), undefined, undefined);
		expect(bytesHeld() - before).toBeLessThan(10_000_000);
		expect(store.getObject(bucket, 'acme/99').body[999_999]).toBe(99);
	}));

function bytesHeld(): number {
	setFlagsFromString('--expose-gc');
	runInNewContext('gc')();
	return process.memoryUsage().arrayBuffers;
}
