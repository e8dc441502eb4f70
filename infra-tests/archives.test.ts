import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildTar, buildZip } from '../functions/archive/testing/build.ts';
import { startSmallCloud } from './small-cloud.ts';

type Cloud = Awaited<ReturnType<typeof startSmallCloud>>;

const plenty = 1_000_000;
const patience = { timeout: 30_000, interval: 50 };
const count = 11; // batches are of 4

let cloud: Cloud;
beforeAll(async () => {
	cloud = await startSmallCloud();
	cloud.start('handlers');
	cloud.start('worker');
});
afterAll(() => cloud.close());

const numbered = (i: number) => `2026/${String(i).padStart(3, '0')}.png`;
const pictures = () => Array.from({ length: count }, (_, i) => ({ name: numbered(i), content: cloud.picture }));

describe('an archive that is dropped', () => {
	test.each([
		['zip', () => buildZip(pictures())],
		['tar', () => buildTar(pictures())],
	])('as .%s has one outcome for each of its images, which names the entry, and one claim', async (format, build) => {
		const tenant = `all-${format}`;
		const key = `${tenant}/photos.${format}`;
		await cloud.setLimit(tenant, plenty);
		await cloud.drop(key, await build());
		await expect.poll(async () => (await cloud.outcomesOf(tenant)).length, patience).toBe(count);
		const outcomes = await cloud.outcomesOf(tenant);
		expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['labelled']));
		expect(outcomes.map((outcome) => `${outcome.key} ${outcome.entry}`).sort()).toEqual(
			pictures().map(({ name }) => `${key} ${name}`),
		);
		expect(new Set((await cloud.stores.outcomes.list(tenant)).map(({ batchId }) => batchId.slice(-2)))).toEqual(
			new Set(['00', '01', '02']),
		);
		await expect.poll(async () => (await cloud.account(tenant))?.open, patience).toEqual({});
	});
});
