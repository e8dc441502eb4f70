import { text } from 'node:stream/consumers';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Image } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import { createImages } from './images.ts';
import { oddKeys } from './testing/odd-keys.ts';
import { startAnswering } from './testing/start-answering.ts';
import { startClients } from './testing/start-clients.ts';

describe('on the embedded cloud', async () => {
	const clients = await startClients();
	const images = createImages(clients.s3, 'images');
	afterAll(() => clients.close());
	beforeAll(() => clients.createBucket('images'));

	async function drop(key: string, content: string): Promise<Image> {
		const put = new PutObjectCommand({ Bucket: 'images', Key: key, Body: content });
		const { ETag = '' } = await clients.s3.send(put);
		return { key, etag: ETag.replaceAll('"', ''), bytes: Buffer.byteLength(content) };
	}

	test.each(oddKeys)('the image at %j is fetched as it was dropped', async (key) => {
		const image = await drop(key, `pixels of ${key}`);
		expect(Buffer.from(await images.get(image)).toString()).toBe(`pixels of ${key}`);
	});

	test('an image that was overwritten is reported as such, and the newer one is not taken for it', async () => {
		const image = await drop('acme/cat.png', 'old');
		const newer = await drop('acme/cat.png', 'new');
		await expect(images.get(image)).rejects.toMatchObject({ name: 'ImageError', reason: 'overwritten' });
		expect(Buffer.from(await images.get(newer)).toString()).toBe('new');
	});

	test('a range of an archive is fetched exactly, and a stream of all of it, of that version only', async () => {
		const archive = await drop('acme/a.tar', 'one two three');
		expect(Buffer.from(await images.getRange(archive, 4, 3)).toString()).toBe('two');
		expect(await text(await images.getStream(archive))).toBe('one two three');
		await drop('acme/a.tar', 'something else');
		await expect(images.getRange(archive, 4, 3)).rejects.toMatchObject({ reason: 'overwritten' });
		await expect(images.getStream(archive)).rejects.toMatchObject({ reason: 'overwritten' });
	});

	test('an image that was deleted, or never existed, is reported as deleted', async () => {
		const image = await drop('acme/gone.png', 'x');
		await clients.s3.send(new DeleteObjectCommand({ Bucket: 'images', Key: image.key }));
		await expect(images.get(image)).rejects.toMatchObject({ reason: 'deleted' });
		await expect(images.get({ ...image, key: 'acme/never.png' })).rejects.toMatchObject({ reason: 'deleted' });
	});

	test('a missing bucket is not the fault of the image', async () => {
		const image = await drop('acme/cat.png', 'x');
		await expect(createImages(clients.s3, 'no-such-bucket').get(image)).rejects.toMatchObject({ code: 'unavailable' });
	});
});

describe('on a server with scripted answers', () => {
	const image: Image = { key: 'acme/cat.png', etag: 'e1', bytes: 5, versionId: 'v1' };
	const errorOf = (code: string, message: string) =>
		`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
	const atOnce = async () => undefined;
	const keyDenied =
		'User: arn:aws:sts::1:assumed-role/w is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:x';

	test.each([
		[400, 'InvalidRequest', { reason: 'unreadable', doubtful: false }], // under a key of its sender's
		[400, 'KMS.DisabledException', { reason: 'unreadable', doubtful: false }],
		[400, 'ExpiredToken', { code: 'unavailable' }],
		[400, 'BadRequest', { reason: 'unreadable', doubtful: true, message: expect.stringContaining('BadRequest: no') }],
		[400, 'RequestTimeout', { code: 'unavailable' }],
		[400, 'ThrottlingException', { code: 'unavailable' }],
		[403, 'AccessDenied', { reason: 'unreadable', doubtful: true }],
		[403, 'InvalidObjectState', { reason: 'unreadable', doubtful: false }],
		[403, 'SignatureDoesNotMatch', { code: 'unavailable' }],
		[403, 'RequestTimeTooSkewed', { code: 'unavailable' }],
		[404, 'NoSuchKey', { reason: 'deleted' }],
		[404, 'NoSuchVersion', { reason: 'deleted' }],
		[404, 'NoSuchBucket', { code: 'unavailable' }],
		[405, 'MethodNotAllowed', { reason: 'deleted' }],
		[412, 'PreconditionFailed', { reason: 'overwritten' }],
		[500, 'InternalError', { code: 'unavailable' }],
		[503, 'SlowDown', { code: 'unavailable' }],
		[
			403,
			'AccessDenied',
			{ reason: 'unreadable', doubtful: true },
			'to perform: s3:GetObject on acme/kms:/ciphertext.png',
		],
		[403, 'AccessDenied', { reason: 'unreadable', doubtful: false }, keyDenied],
		[
			403,
			'AccessDenied',
			{ reason: 'unreadable', doubtful: false },
			'The ciphertext refers to a customer master key that...',
		],
	])('%i %s', async (status, code, expected, message = 'no') => {
		await using server = await startAnswering((_, response) => {
			response.writeHead(status, { 'content-type': 'application/xml' }).end(errorOf(code, message));
		});
		await expect(createImages(server.s3, 'images', atOnce).get(image)).rejects.toMatchObject(expected);
	});

	test.each([[1], [2]])('a version that S3 does not find at first is requested again: %i times', async (missing) => {
		let asked = 0;
		await using server = await startAnswering((_, response) => {
			if (asked++ < missing)
				response.writeHead(404, { 'content-type': 'application/xml' }).end(errorOf('NoSuchKey', 'no'));
			else response.end('pixel');
		});
		expect(Buffer.from(await createImages(server.s3, 'images', atOnce).get(image)).toString()).toBe('pixel');
	});

	test('the server is asked for exactly this version', async () => {
		await using server = await startAnswering((_, response) => void response.end('pixel'));
		await createImages(server.s3, 'images').get(image);
		expect(server.requests).toMatchObject([
			{ method: 'GET', url: expect.stringContaining('versionId=v1'), headers: { 'if-match': '"e1"' } },
		]);
	});

	test('a range that arrives short is not taken for the whole range', async () => {
		await using server = await startAnswering((_, response) => void response.end('pixel'));
		const range = createImages(server.s3, 'images').getRange(image, 10, 6);
		await expect(range).rejects.toMatchObject({ name: 'ImageError', reason: 'unreadable' });
		expect(server.requests).toMatchObject([{ headers: { range: 'bytes=10-15', 'if-match': '"e1"' } }]);
	});

	test.each([
		['its length says', true],
		['no length says', false],
	])('an image as large as allowed is fetched; one that is a byte larger is not (%s)', async (_, withLength) => {
		let bytes = limits.imageBytesMax;
		await using server = await startAnswering((_, response) => {
			if (withLength) response.setHeader('content-length', bytes);
			else response.flushHeaders();
			response.end(Buffer.alloc(bytes));
		});
		const images = createImages(server.s3, 'images');
		expect((await images.get(image)).byteLength).toBe(limits.imageBytesMax);
		bytes += 1;
		await expect(images.get(image)).rejects.toMatchObject({ name: 'ImageError', reason: 'too-large' });
	});

	test('an image that is too large according to its event is not even requested', async () => {
		await using server = await startAnswering((_, response) => void response.end('pixel'));
		const large = { ...image, bytes: limits.imageBytesMax + 1 };
		await expect(createImages(server.s3, 'images').get(large)).rejects.toMatchObject({ reason: 'too-large' });
		expect(server.requests).toEqual([]);
	});

	test.each([
		['no length', {}],
		['a length', { 'content-length': String(2 ** 40) }],
		['a checksum', { 'x-amz-checksum-crc32': 'AAAAAA==' }], // makes the SDK wrap the stream
	])('an endless image with %s is cut off, and its connection closed', async (_, headers) => {
		await using server = await startAnswering((_, response) => {
			response.writeHead(200, headers);
			const chunk = Buffer.alloc(1024 * 1024);
			const more = () => {
				while (!response.closed && response.write(chunk));
			};
			response.on('drain', more);
			more();
		});
		await expect(createImages(server.s3, 'images').get(image)).rejects.toMatchObject({ reason: 'too-large' });
		await server.closedConnection;
	});

	test.each([
		[1, 'is made again'],
		[9, 'is no fault of the image'],
	])('a transfer that breaks off %i times %s', async (times) => {
		await using server = await startAnswering((_, response) => {
			if (server.requests.length > times) return void response.end('pixel');
			response.writeHead(200, { 'content-length': '1000' });
			response.write('some', () => response.destroy());
		});
		const got = createImages(server.s3, 'images').get(image);
		if (times === 1) expect(Buffer.from(await got).toString()).toBe('pixel');
		else await expect(got).rejects.toMatchObject({ code: 'unavailable' });
	});
});
