import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Image } from '../core/image.ts';
import { batchIdOf } from '../core/testing/ledger-model.ts';
import { type Claims, createClaims } from './claim-table.ts';
import { createTables, tableNames } from './tables.ts';
import { oddKeys } from './testing/odd-keys.ts';
import { startClients } from './testing/start-clients.ts';

const clients = await startClients();
afterAll(() => clients.close());

let claims: Claims;
beforeAll(async () => {
	await createTables(clients.dynamodb, 'test');
	claims = createClaims(clients.dynamodb, tableNames('test').claims);
});

function imageOf(key: string, rest: Partial<Image> = {}): Image {
	return { key, etag: 'e1', bytes: 1, ...rest };
}

test('an image belongs to the first batch that claims it, and stays there', async () => {
	const image = imageOf('acme/cat.png');
	expect(await claims.ownerOf({ key: 'acme/cat.png', version: 'e1' })).toBeUndefined();
	expect(await claims.claim(image, batchIdOf(1))).toBe(true);
	expect(await claims.claim(image, batchIdOf(2))).toBe(false);
	expect(await claims.claim(image, batchIdOf(1))).toBe(true);
	expect(await claims.ownerOf({ key: 'acme/cat.png', version: 'e1' })).toBe(batchIdOf(1));
});

test('of 50 racers one wins', async () => {
	const image = imageOf('acme/raced.png');
	const won = await Promise.all(Array.from({ length: 50 }, (_, n) => claims.claim(image, batchIdOf(n))));
	expect(won.filter(Boolean)).toHaveLength(1);
	expect(await claims.ownerOf({ key: 'acme/raced.png', version: 'e1' })).toBe(batchIdOf(won.indexOf(true)));
});

test('each version is an image of its own', async () => {
	const key = 'acme/versions.png';
	expect(await claims.claim(imageOf(key), batchIdOf(1))).toBe(true);
	expect(await claims.claim(imageOf(key, { etag: 'e2' }), batchIdOf(2))).toBe(true);
	expect(await claims.claim(imageOf(key, { versionId: 'v1' }), batchIdOf(3))).toBe(true);
	expect(await claims.claim(imageOf(key, { etag: 'e9', versionId: 'v1' }), batchIdOf(4))).toBe(false);
	expect(await claims.ownerOf({ key, version: 'e2' })).toBe(batchIdOf(2));
	expect(await claims.ownerOf({ key, version: 'v1' })).toBe(batchIdOf(3));
});

test.each(oddKeys)('the key %j is claimed like any other', async (key) => {
	const longVersion = 'v'.repeat(1024);
	const images = [imageOf(key), imageOf(key, { versionId: longVersion })];
	for (const image of images) expect(await claims.claim(image, batchIdOf(7))).toBe(true);
	for (const image of images) expect(await claims.claim(image, batchIdOf(8))).toBe(false);
	expect(await claims.ownerOf({ key, version: 'e1' })).toBe(batchIdOf(7));
	expect(await claims.ownerOf({ key, version: longVersion })).toBe(batchIdOf(7));
});

test('keys and versions that read alike when joined stay apart', async () => {
	expect(await claims.claim(imageOf('acme/a', { etag: 'bc' }), batchIdOf(1))).toBe(true);
	expect(await claims.claim(imageOf('acme/ab', { etag: 'c' }), batchIdOf(2))).toBe(true);
});
