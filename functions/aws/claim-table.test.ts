import type { BatchGetCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Image, nameOfImage } from '../core/image.ts';
import { limits } from '../core/limits.ts';
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

test('an image belongs to the first batch that claims it, and stays with it', async () => {
	const image = imageOf('acme/cat.png');
	expect(await claims.ownerOf({ key: 'acme/cat.png', version: 'e1' })).toBeUndefined();
	expect(await claims.claim(image, batchIdOf(1))).toBe(true);
	expect(await claims.claim(image, batchIdOf(2))).toBe(false);
	expect(await claims.claim(image, batchIdOf(1))).toBe(true);
	expect(await claims.ownerOf({ key: 'acme/cat.png', version: 'e1' })).toBe(batchIdOf(1));
});

test('one of 50 racers wins', async () => {
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

test('owners are returned in the order of the images: of a version, of an unclaimed image, of one named twice, of more than one request reads', async () => {
	const images = Array.from({ length: limits.claimsReadMax + 1 }, (_, i) => imageOf(`acme/many-${i}.png`));
	const claimed = images.filter((_, i) => i % 2 === 0);
	for (const [i, image] of claimed.entries()) await claims.claim(image, batchIdOf(i));
	await claims.claim(images[0] as Image, batchIdOf(9), 'on-purpose'); // another run's claim is none of the first
	await claims.claim(imageOf('acme/many-1.png', { versionId: 'v1' }), batchIdOf(7));
	const names = [...images, ...images.slice(0, 2), imageOf('acme/many-1.png', { versionId: 'v1' })].map(nameOfImage);
	const expected = images.map((_, i) => (i % 2 === 0 ? batchIdOf(i / 2) : undefined));
	expect(await claims.ownersOf(names)).toEqual([...expected, ...expected.slice(0, 2), batchIdOf(7)]);
	expect(await claims.ownersOf([])).toEqual([]);
});

test.each([
	[limits.slowDownTries - 1, 'are asked for again'],
	[limits.slowDownTries, 'are no answer: it is tried again later'],
])('claims that a table short of capacity left out %i times %s', async (times) => {
	let requests = 0;
	const send = async ({ input: { RequestItems } }: BatchGetCommand) => {
		const [[table = '', { Keys = [] } = {}] = []] = Object.entries(RequestItems ?? {});
		const [first, ...rest] = Keys;
		requests += 1;
		if (requests <= times)
			return {
				Responses: { [table]: requests === 1 ? [{ ...first, batchId: batchIdOf(1) }] : [] },
				UnprocessedKeys: { [table]: { Keys: requests === 1 ? rest : Keys } },
			};
		return { Responses: { [table]: Keys.map((key) => ({ ...key, batchId: batchIdOf(2) })) } };
	};
	const short = createClaims({ send } as unknown as DynamoDBDocumentClient, 'claims');
	const owners = short.ownersOf(['acme/a.png', 'acme/b.png'].map((key) => ({ key, version: 'e1' })));
	if (times < limits.slowDownTries) expect(await owners).toEqual([batchIdOf(1), batchIdOf(2)]);
	else
		await expect(owners).rejects.toMatchObject({ code: 'unavailable', message: expect.stringMatching(/only a part/) });
	expect(requests).toBe(limits.slowDownTries);
});
