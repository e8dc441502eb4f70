import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BatchRef, objectKeys } from '../core/batch.ts';
import type { Image } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import { batchIdOf } from '../core/testing/ledger-model.ts';
import { openBucket } from './bucket.ts';
import { createManifests } from './manifests.ts';
import { oddKeys } from './testing/odd-keys.ts';
import { startClients } from './testing/start-clients.ts';

const clients = await startClients();
const results = openBucket(clients.s3, 'results');
const manifests = createManifests(results);
afterAll(() => clients.close());
beforeAll(() => clients.createBucket('results'));

const ref = (n: number): BatchRef => ({ tenant: 'acme', batchId: batchIdOf(n) });
const images: Image[] = oddKeys.map((key, i) => ({ key, etag: `e${i}`, bytes: i, versionId: 'v 1' }));

test('candidates and manifest are two lists, read back as written', async () => {
	await manifests.putCandidates({ ...ref(1) }, images);
	await manifests.put({ v: 1, ...ref(1), images: images.slice(1) });
	expect(await manifests.getCandidates(ref(1))).toEqual(images);
	expect(await manifests.get(ref(1))).toEqual({ v: 1, ...ref(1), images: images.slice(1) });
});

test('a reference to a batch may have other fields too', async () => {
	const batch = { ...ref(2), createdMs: 5, state: 'claiming' };
	await manifests.putCandidates(batch, images);
	expect(await manifests.getCandidates(ref(2))).toEqual(images);
});

test('candidates and manifests that do not exist are reported as missing', async () => {
	expect(await manifests.getCandidates(ref(3))).toBeUndefined();
	await expect(manifests.get(ref(3))).rejects.toMatchObject({ code: 'not-found' });
});

test('the largest batch with the longest keys fits', async () => {
	const longest = Array.from({ length: limits.batchImagesMax }, (_, i) => {
		const key = `acme/${String(i).padStart(4, '0')}`.padEnd(limits.keyBytesMax, 'k');
		return { key, etag: 'e'.repeat(34), versionId: 'v'.repeat(32), bytes: 1 };
	});
	await manifests.put({ v: 1, ...ref(4), images: longest });
	expect((await manifests.get(ref(4))).images).toEqual(longest);
});

test('an archive’s list with images of another tenant is refused', async () => {
	const stranger = { ...(images[0] as Image), key: 'globex/a.png' };
	const text = JSON.stringify({ v: 1, ...ref(6), parts: [images, [stranger]] });
	await results.putText(objectKeys.entries(ref(6)), text, 'application/json');
	await expect(manifests.getEntries(ref(6))).rejects.toThrow(/only images of its own tenant/);
});

test('another batch’s manifest, or an object that is not a manifest, is refused', async () => {
	const write = (text: string) => results.putText(objectKeys.manifest(ref(5)), text, 'application/json');
	await write(JSON.stringify({ v: 1, ...ref(6), images }));
	await expect(manifests.get(ref(5))).rejects.toMatchObject({ code: 'invalid' });
	await write(JSON.stringify({ v: 1, ...ref(5), tenant: 'globex', images }));
	await expect(manifests.get(ref(5))).rejects.toMatchObject({ code: 'invalid' });
	await write(JSON.stringify({ v: 1, ...ref(5), images: [] }));
	await expect(manifests.get(ref(5))).rejects.toMatchObject({ code: 'invalid' });
	await write(JSON.stringify({ v: 1, ...ref(5), images: [...images, { ...images[0], key: 'globex/a.png' }] }));
	await expect(manifests.get(ref(5))).rejects.toThrow(/only images of its own tenant/);
	await write('{"v":1');
	await expect(manifests.get(ref(5))).rejects.toMatchObject({ code: 'invalid' });
	const whole = JSON.stringify({ v: 1, ...ref(5), images });
	const spaces = ' '.repeat(limits.manifestBytesMax - Buffer.byteLength(whole));
	await write(whole + spaces);
	expect((await manifests.get(ref(5))).images).toEqual(images);
	await write(`${whole}${spaces} `);
	await expect(manifests.get(ref(5))).rejects.toMatchObject({
		code: 'invalid',
		message: expect.stringContaining(`at most ${limits.manifestBytesMax} bytes`),
	});
});
