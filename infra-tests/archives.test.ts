import { randomBytes } from 'node:crypto';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { buildTar, buildZip, type ZipEntry } from '../functions/archive/testing/build.ts';
import { createQueue } from '../functions/aws/queue.ts';
import { mintArchiveBatchId } from '../functions/core/batch.ts';
import type { Image } from '../functions/core/image.ts';
import { resumeMessageSchema } from '../functions/core/message.ts';
import type { Outcome } from '../functions/core/outcome.ts';
import { leastMacs } from '../functions/core/package.ts';
import { costNanoUsd, embeddedPrice } from '../functions/core/price.ts';
import { rerun } from '../functions/planner/rerun.ts';
import { startSmallCloud } from './small-cloud.ts';

type Cloud = Awaited<ReturnType<typeof startSmallCloud>>;

const plenty = 10_000_000;
const patience = { timeout: 60_000, interval: 50 };
vi.setConfig({ testTimeout: 120_000 });
const count = 11; // batches are of 4

let cloud: Cloud;
beforeAll(async () => {
	cloud = await startSmallCloud();
	cloud.start('handlers');
	cloud.start('worker');
});
afterAll(() => cloud.close());

const entryNames = Array.from({ length: count }, (_, i) => `2026/${String(i).padStart(3, '0')}.png`);
const pictures = (): ZipEntry[] => entryNames.map((name) => ({ name, content: cloud.picture }));
const byEntry = (outcomes: readonly Outcome[]) =>
	outcomes.map(({ key, entry = '', status }) => `${key} ${entry} ${status}`).sort();
const allLabelled = (key: string) => entryNames.map((name) => `${key} ${name} labelled`);
const outcomesOf = (tenant: string) => expect.poll(() => cloud.outcomesOf(tenant), patience);
const nothingOpen = (tenant: string) =>
	expect.poll(async () => (await cloud.account(tenant))?.open, patience).toEqual({});

describe('an archive that is dropped', () => {
	test.each([
		['zip', () => buildZip(pictures())],
		['tar', () => buildTar(pictures())],
	])(
		'as .%s has one outcome for each of its images, which names the entry, in batches of its own',
		async (format, build) => {
			const tenant = `all-${format}`;
			const key = `all-${format}/photos ü+.${format}`;
			await cloud.setLimit(tenant, plenty);
			await cloud.drop(key, await build());
			await expect.poll(async () => byEntry(await cloud.outcomesOf(tenant)), patience).toEqual(allLabelled(key));
			const batches = (await cloud.stores.outcomes.list(tenant)).map(({ batchId }) => batchId);
			expect(batches.map((batchId) => batchId.slice(-2))).toEqual(['00', '01', '02']);
			await nothingOpen(tenant);
		},
	);

	test('twice, with its event doubled and an image beside it, gives every image one outcome', async () => {
		await cloud.setLimit('twice', plenty);
		const archive = await cloud.put('twice/a.zip', await buildZip(pictures()));
		for (let i = 0; i < 3; i++) await cloud.tell(archive);
		await cloud.drop('twice/single.png');
		const expected = [...allLabelled('twice/a.zip'), 'twice/single.png  labelled'];
		await expect.poll(async () => byEntry(await cloud.outcomesOf('twice')), patience).toEqual(expected);
		await nothingOpen('twice');
		expect(byEntry(await cloud.outcomesOf('twice'))).toEqual(expected);
	});

	test('is found by the sweeper when its event is lost', async () => {
		await cloud.setLimit('unheard', plenty);
		await cloud.put('unheard/a.tar', await buildTar(pictures()));
		await expect
			.poll(async () => byEntry(await cloud.outcomesOf('unheard')), patience)
			.toEqual(allLabelled('unheard/a.tar'));
	});

	test('is paid for image by image: it costs what its images would cost by themselves', async () => {
		await cloud.setLimit('paid', plenty);
		await cloud.drop('paid/a.zip', await buildZip(pictures()));
		await expect.poll(async () => (await cloud.account('paid'))?.images, patience).toBe(count);
		await nothingOpen('paid');
		const bills = await Promise.all(
			(await cloud.stores.outcomes.list('paid')).map(async (ref) => {
				const { facts, outcomes = [] } = (await cloud.stores.outcomes.read(ref)) ?? {};
				const macs = outcomes.reduce((sum, outcome) => sum + (outcome.status === 'labelled' ? outcome.macs : 0), 0);
				expect(facts?.billedNanoUsd).toBe(costNanoUsd(embeddedPrice, macs, outcomes.length));
				return facts?.billedNanoUsd ?? 0;
			}),
		);
		expect((await cloud.account('paid'))?.spentNanoUsd).toBe(bills.reduce((sum, bill) => sum + bill, 0));
	});
});

describe('a hostile archive', () => {
	test('costs only its own bad entries: its good ones are labelled, and so is an image beside it', async () => {
		const evil: ZipEntry[] = [
			{ name: '../evil.png', content: 'x' },
			{ name: 'link.png', content: '/etc/passwd', mode: 0o120777 },
			{ name: 'bomb.png', content: Buffer.alloc(5_000_000), compress: true },
			{ name: 'note.txt', content: 'no image' },
			{ name: 'inner.zip', content: await buildZip(pictures()) },
		];
		await cloud.setLimit('mixed', plenty);
		await cloud.drop('mixed/a.zip', await buildZip([...evil, ...pictures()]));
		await cloud.drop('mixed/beside.png');
		await outcomesOf('mixed').toHaveLength(evil.length + count + 1);
		const outcomes = await cloud.outcomesOf('mixed');
		expect(outcomes.filter(({ status }) => status === 'labelled')).toHaveLength(count + 1);
		const reasons = outcomes.flatMap((row) => (row.status === 'failed' ? [`${row.entry} ${row.reason}`] : []));
		expect(reasons.sort()).toEqual([
			'../evil.png bad-entry',
			'bomb.png bad-entry',
			'inner.zip bad-entry',
			'link.png bad-entry',
			'note.txt not-an-image',
		]);
	});

	test.each([
		['cut-off', 'a.zip', async () => (await buildZip(pictures())).subarray(0, 2000)],
		['no-tar', 'a.tar', async () => randomBytes(5000)],
		['squeezed', 'a.tar.gz', async () => Buffer.from('x')],
		['hollow', 'a.zip', async () => buildZip([])],
	])('(%s) that cannot be opened has one outcome, with the reason', async (tenant, name, build) => {
		await cloud.setLimit(tenant, plenty);
		await cloud.drop(`${tenant}/${name}`, await build());
		await outcomesOf(tenant).toMatchObject([
			{ key: `${tenant}/${name}`, status: 'failed', reason: 'bad-archive', detail: expect.stringMatching(/./) },
		]);
		await nothingOpen(tenant);
	});
});

describe('an archive that changes', () => {
	test('before it is opened fails with that reason', async () => {
		for (const [tenant, reason] of [
			['gone', 'deleted'],
			['other', 'overwritten'],
		] as const) {
			await cloud.setLimit(tenant, plenty);
			const archive = await cloud.put(`${tenant}/a.zip`, await buildZip(pictures()));
			if (reason === 'deleted') await remove(archive.key);
			else await cloud.put(archive.key, await buildZip(pictures().slice(1)));
			await cloud.tell(archive);
			await expect
				.poll(async () => (await cloud.outcomesOf(tenant)).filter(({ version }) => version === archive.etag), patience)
				.toMatchObject([{ key: archive.key, status: 'failed', reason }]);
		}
	});

	test.each(['deleted', 'overwritten'] as const)(
		'after it was opened fails image by image with that reason: %s',
		async (reason) => {
			const tenant = `late-${reason}`;
			const archive = await cloud.put(`${tenant}/a.tar`, await buildTar(pictures())); // waits: it has no quota yet
			await cloud.tell(archive);
			await expect.poll(() => cloud.imagesWaiting(tenant), patience).toBe(count);
			if (reason === 'deleted') await remove(archive.key);
			else await cloud.put(archive.key, await buildTar([{ name: 'new.png', content: cloud.picture }]));
			await cloud.setLimit(tenant, plenty);
			await expect
				.poll(
					async () => (await cloud.outcomesOf(tenant)).filter(({ version }) => version === archive.etag).length,
					patience,
				)
				.toBe(count);
			const old = (await cloud.outcomesOf(tenant)).filter(({ version }) => version === archive.etag);
			expect(new Set(old.map((row) => row.status === 'failed' && row.reason))).toEqual(new Set([reason]));
			expect(old.map(({ entry }) => entry).sort()).toEqual(entryNames);
		},
	);
});

describe('an archive that waits', () => {
	test('has its parts deferred in order, and they go on when the quota grows', async () => {
		const tenant = 'slow';
		const key = 'slow/a.zip';
		const cheapest = (images: number) => costNanoUsd(embeddedPrice, images * leastMacs(cloud.card), images);
		await cloud.setLimit(tenant, cheapest(4));
		await cloud.drop(key, await buildZip(pictures()));
		await expect.poll(() => cloud.imagesWaiting(tenant), patience).toBe(count - 4);
		expect(await cloud.waitingOf(tenant)).toEqual(['quota', 'quota']);
		await cloud.setLimit(tenant, plenty);
		await expect.poll(async () => byEntry(await cloud.outcomesOf(tenant)), patience).toEqual(allLabelled(key));
	});

	test('too long fails image by image', async () => {
		const tenant = 'forgotten';
		const longAgoMs = Date.now() - 91 * 24 * 3600 * 1000;
		const archive = await cloud.put(`${tenant}/a.zip`, await buildZip(pictures()));
		await plantClaimed(archive, tenant, longAgoMs);
		await outcomesOf(tenant).toHaveLength(count);
		const outcomes = await cloud.outcomesOf(tenant);
		expect(outcomes.map(({ entry }) => entry).sort()).toEqual(entryNames);
		expect(new Set(outcomes.map((row) => row.status === 'failed' && row.reason))).toEqual(new Set(['waited-too-long']));
	});
});

describe('run again on purpose', () => {
	test('an archive runs as a whole, and some of its images by themselves, in batches that share no claim', async () => {
		const tenant = 'again';
		await cloud.setLimit(tenant, plenty);
		const archive = await cloud.put(`${tenant}/a.zip`, await buildZip(pictures()));
		await cloud.tell(archive);
		await outcomesOf(tenant).toHaveLength(count);
		const mint = { nowMs: Date.now, mintSuffix: () => randomBytes(4).toString('hex') };
		const plansQueue = createQueue(cloud.clients.sqs, cloud.resources.plansUrl, resumeMessageSchema, 'plans');
		const parts = { ...cloud.stores, ...mint, plansQueue, imagesMax: count };
		await rerun(parts, tenant, [archive], 'retry-whole');
		await outcomesOf(tenant).toHaveLength(2 * count);
		const images: Image[] = [];
		for (const ref of (await cloud.stores.outcomes.list(tenant)).slice(0, 3))
			images.push(...(await cloud.stores.manifests.get(ref)).images);
		await rerun(parts, tenant, images.slice(0, 5), 'retry-some');
		await rerun(parts, tenant, images.slice(5, 10), 'retry-some');
		await outcomesOf(tenant).toHaveLength(2 * count + 10);
		const runs = (await cloud.stores.outcomes.list(tenant)).map(
			async (ref) => (await cloud.stores.outcomes.facts(ref))?.run,
		);
		expect(new Set(await Promise.all(runs))).toEqual(new Set([undefined, 'retry-whole', 'retry-some']));
		expect(new Set((await cloud.outcomesOf(tenant)).map(({ status }) => status))).toEqual(new Set(['labelled']));
	});
});

async function remove(Key: string): Promise<void> {
	await cloud.clients.s3.send(new DeleteObjectCommand({ Bucket: cloud.resources.imagesBucket, Key }));
}

/** An archive that was claimed at that time, by a planner that then died; its tenant has no quota. */
async function plantClaimed(archive: Image, tenant: string, createdMs: number): Promise<void> {
	const { manifests, batches, claims } = cloud.stores;
	const batchId = mintArchiveBatchId(createdMs, '0000abcd');
	await manifests.putCandidates({ batchId, tenant }, [archive]);
	await batches.create({ batchId, tenant, createdMs, state: 'claiming', archive: true, reservations: [] });
	await claims.claim(archive, batchId);
}
