import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { buildZip } from '../functions/archive/testing/build.ts';
import { leastMacs } from '../functions/core/package.ts';
import { costNanoUsd, embeddedPrice } from '../functions/core/price.ts';
import { expectLines } from './cli-runner.ts';
import { environmentOf } from './environment.ts';
import { startSmallCloud } from './small-cloud.ts';

type Cloud = Awaited<ReturnType<typeof startSmallCloud>>;

const plenty = 10_000_000;
const patience = { timeout: 60_000, interval: 50 };
vi.setConfig({ testTimeout: 120_000 });

let cloud: Cloud;
beforeAll(async () => {
	cloud = await startSmallCloud();
	cloud.start('handlers');
	cloud.start('worker');
});
afterAll(() => cloud.close());

const recordOf = (marker: string) => cloud.stores.drops.getRecord(marker);

test('a drop is done when each of its images has its outcome: failed ones, an archive’s, and one that waited for money', async () => {
	const tenant = 'whole';
	const price = (images: number) => costNanoUsd(embeddedPrice, images * leastMacs(cloud.card), images);
	await cloud.setLimit(tenant, price(1));
	await cloud.drop(`${tenant}/2026/a.png`);
	await expect.poll(() => cloud.keysOf(tenant), patience).toHaveLength(1);
	const entries = ['1.png', '2.png', 'note.txt'].map((name) => ({ name, content: cloud.picture }));
	await cloud.drop(`${tenant}/2026/deep/b.zip`, await buildZip(entries));
	await cloud.drop(`${tenant}/2026/_complete/c ü+.png`);
	await cloud.drop(`${tenant}/2026/note.txt`, Buffer.from('no image'));
	await cloud.drop(`${tenant}/2027/another.png`);
	const marker = `${tenant}/2026/_complete`;
	const closing = await cloud.put(marker, Buffer.from(''));
	const closedMs = Date.now();
	for (let i = 0; i < 3; i++) await cloud.tell(closing, closedMs);
	await expect.poll(() => cloud.imagesWaiting(tenant), patience).toBe(1 + 3 + 1 + 1);
	const waitsFor = `${tenant}/2026/_complete/c ü+.png`; // the first of all keys
	await expect.poll(() => cloud.stores.drops.openOf(marker), patience).toMatchObject({ images: 0, waitsFor });
	expect(await recordOf(marker)).toBeUndefined();
	const open =
		/^drop whole\/2026\/: open, 0 images done, waiting for whole\/2026\/_complete\/c ü\+\.png, closed 20\d\d-/;
	await expectLines(
		[
			[`where ${marker}`, 0, open],
			[`where ${marker} --json`, 0, /^\{"prefix":"whole\/2026\/","state":"open",/],
		],
		environment(),
	);
	await cloud.setLimit(tenant, plenty);
	// The record of this closing: if its event is slow, the sweeper sends one with the time from the listing, and that
	// drop may be done first.
	const record = { tenant, prefix: `${tenant}/2026/`, images: 6, closedMs };
	await expect.poll(() => recordOf(marker), patience).toMatchObject(record);
	const outcomes = (await cloud.outcomesOf(tenant)).filter(({ key }) => key.startsWith(`${tenant}/2026/`));
	expect(outcomes).toHaveLength(6); // none for the marker itself
	const done = /^drop whole\/2026\/: done since 20\S+, 6 images, closed 20\S+Z\n$/;
	await expectLines(
		[
			[`where ${marker}`, 0, done],
			[`where ${marker} --json`, 0, /"state":"done","closedMs":\d+,"images":6,"doneMs":\d+\}\n$/],
			[`where ${tenant}/2028/_complete`, 2, /no marker "whole\/2028\/_complete" in bucket small-images/],
			[`where ${marker}/c`, 2, /no image "whole\/2026\/_complete\/c"/],
			[`results --tenant ${tenant}`, 0, /^whole(?!.*_complete: )/s],
			[`retry --tenant ${tenant} --failed`, 0, /^0 images run again/],
		],
		environment(),
	);
	await expect.poll(() => cloud.stores.drops.tenants(), patience).toEqual([]);
});

test('a drop whose marker’s event was lost is found by the sweeper', async () => {
	await cloud.setLimit('quiet', plenty);
	await cloud.drop('quiet/a.png');
	await cloud.put('quiet/_complete');
	await expect.poll(() => recordOf('quiet/_complete'), patience).toMatchObject({ prefix: 'quiet/', images: 1 });
});

test('a drop without images is done', async () => {
	await cloud.drop('empty/x ü+/../_complete');
	await expect.poll(() => recordOf('empty/x ü+/../_complete'), patience).toMatchObject({ images: 0 });
});

/** How the command line finds the cloud. */
function environment(): Record<string, string> {
	return { BUDGETNET_PREFIX: 'small', ...environmentOf(cloud.endpoints) };
}
