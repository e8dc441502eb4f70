import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Outcome } from '../functions/core/outcome.ts';
import { fullMacs, policyMacs } from '../functions/core/package.ts';
import { monthsInUtc, periodOf } from '../functions/core/period.ts';
import { limitForShare } from '../functions/core/quota.ts';
import { type Host, startHost } from '../functions/local/host.ts';
import { type Tally, untilAccounted } from '../functions/local/tally.ts';

const models = join(import.meta.dirname, '..', 'models');
const sample = join(models, 'samples', 'cifar10', 'images');
const imagesDropped = 60;
const rich = 'rich';
const thrifty = 'thrifty';
const broke = 'broke';
const stranger = 'stranger';

const logged: Record<string, unknown>[] = [];
let host: Host;
let names: string[];
let tallies: ReadonlyMap<string, Tally>;

beforeAll(async () => {
	host = await startHost({
		packageFolder: join(models, 'packages', 'cifar10-resnet'),
		batchImagesMax: 32,
		windowMs: 300,
		log: (_, message, fields) => void logged.push({ message, ...fields }),
	});
	names = (await readdir(sample)).sort().slice(0, imagesDropped);
	const costOf = (share: number) =>
		limitForShare({ card: host.model.card, price: host.price, images: imagesDropped, share, batches: 20 });
	await setQuota(rich, costOf(1));
	await setQuota(thrifty, costOf(0.3));
	await setQuota(broke, 1); // does not even pay for one image: a window may hold no more
	for (const tenant of [rich, thrifty, broke, stranger]) await Promise.all(names.map((name) => drop(tenant, name)));
	await sendEvent({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: host.resources.imagesBucket });
	for (const name of names.slice(0, 20)) await sendAgain(rich, name);
	tallies = await untilAccounted(
		host,
		new Map([rich, thrifty, broke, stranger].map((tenant) => [tenant, imagesDropped])),
		() => undefined,
	);
});

afterAll(() => host.close());

describe('images that are dropped', () => {
	test('have exactly one outcome, though their events came twice, unordered, between test events', async () => {
		for (const tenant of [rich, thrifty]) {
			const keys = (await outcomesOf(tenant)).map((outcome) => outcome.key).sort();
			expect(keys).toEqual(names.map((name) => `${tenant}/${name}`));
		}
	});

	test('wait with their reason where the quota cannot pay, and where there is no quota', async () => {
		const reasons = (tenant: string) => new Set(tallies.get(tenant)?.deferred.map(({ reason }) => reason));
		expect(await outcomesOf(broke)).toEqual([]);
		expect(reasons(broke)).toContain('quota');
		// images of a second window wait behind those of the first
		expect(['quota', 'order']).toEqual(expect.arrayContaining([...reasons(broke)]));
		expect(reasons(stranger)).toEqual(new Set(['unknown-tenant']));
	});

	test('fail alone, with their reason, where they are no images', async () => {
		await host.clients.s3.send(
			new PutObjectCommand({ Bucket: host.resources.imagesBucket, Key: `${rich}/note.txt`, Body: 'no image' }),
		);
		await setQuota(rich, 1_000_000);
		await untilAccounted(host, new Map([[rich, imagesDropped + 1]]), () => undefined);
		const note = (await outcomesOf(rich)).find((outcome) => outcome.key === `${rich}/note.txt`);
		expect(note).toMatchObject({ status: 'failed', reason: 'not-an-image' });
	});
});

describe('money', () => {
	test('no batch consumes more than its budget, and one that is short of money consumes nearly all of it', () => {
		const full = fullMacs(host.model.card);
		const settled = [rich, thrifty].flatMap((tenant) => tallies.get(tenant)?.settled ?? []);
		for (const { consumedMacs, budgetMacs } of settled) expect(consumedMacs).toBeLessThanOrEqual(budgetMacs);
		// With money for everything, which the last images of a thrifty tenant may have too, the gate leaves unspent what
		// would gain nothing; with few images, all of them easy, it may do so too.
		const short = settled.filter(({ budgetMacs, images }) => images >= 12 && budgetMacs < 0.4 * images * full);
		expect(short).not.toEqual([]);
		for (const { consumedMacs, budgetMacs } of short) expect(consumedMacs).toBeGreaterThan(budgetMacs - full);
	});

	test('the money spent is what an independent reader computes from the outcomes', async () => {
		const macsOf = new Map(host.model.card.policies.map(({ id }, index) => [id, policyMacs(host.model.card, index)]));
		for (const tenant of [rich, thrifty]) {
			let spent = 0n;
			for (const { batchId, price } of tallies.get(tenant)?.settled ?? []) {
				const outcomes = (await host.outcomes.read({ tenant, batchId }))?.outcomes ?? [];
				const macs = outcomes
					.flatMap((outcome) => (outcome.status === 'labelled' ? outcome.policies : []))
					.reduce((sum, id) => sum + (macsOf.get(id) ?? Number.NaN), 0);
				const picoUsd =
					BigInt(price.nanoUsdPerTmac) * BigInt(macs) +
					BigInt(price.nanoUsdPerImage * outcomes.length) * 1_000_000_000_000n;
				spent += (picoUsd + 999_999_999_999n) / 1_000_000_000_000n;
			}
			const account = await host.ledger.getAccount(tenant, periodOf(monthsInUtc, Date.now()));
			const late = (await outcomesOf(tenant)).length - imagesDropped;
			expect(account?.spentNanoUsd).toBe(Number(spent) + late * host.price.nanoUsdPerImage);
			expect(account?.spentNanoUsd).toBeLessThanOrEqual(account?.limitNanoUsd ?? 0);
			expect(account?.open).toEqual({});
		}
	});

	test('a share of 1 looks at some images twice, at others less, and costs no more than the full network for all', async () => {
		const { card } = host.model;
		const labelled = (await outcomesOf(rich)).filter((outcome) => outcome.status === 'labelled');
		expect(labelled.some(({ policies }) => policies.at(-1) === card.policies.at(-1)?.id)).toBe(true);
		const spent = labelled.reduce((sum, { macs }) => sum + macs, 0);
		expect(spent).toBeLessThanOrEqual(labelled.length * fullMacs(card));
	});
});

test('a nonsensical record is refused, and the records beside it are not lost', async () => {
	const tenant = 'beside';
	await setQuota(tenant, 1_000_000);
	const good = await drop(tenant, names[0] as string);
	const records = ['No Tenant Here', good.key, '%zz'].map((key) => record(key, good.etag));
	await sendEvent({ Records: records });
	const seen = await untilAccounted(host, new Map([[tenant, 1]]), () => undefined);
	expect(seen.get(tenant)?.settled[0]?.labelled).toBe(1);
	const refused = () => logged.find(({ message }) => message === 'records of an event were refused');
	while (!refused()) await once(host.steps, 'step');
	expect(refused()?.problems).toEqual([expect.stringContaining('No Tenant Here'), expect.stringContaining('%zz')]);
});

async function setQuota(tenant: string, limitNanoUsd: number): Promise<void> {
	await host.ledger.setQuota({ tenant, limitNanoUsd, countedImages: imagesDropped }, Date.now());
}

async function drop(tenant: string, name: string): Promise<{ key: string; etag: string }> {
	const Key = `${tenant}/${name}`;
	const Body = await readFile(join(sample, name));
	const { ETag = '' } = await host.clients.s3.send(
		new PutObjectCommand({ Bucket: host.resources.imagesBucket, Key, Body }),
	);
	return { key: Key, etag: ETag.replaceAll('"', '') };
}

/** S3 delivers at least once: the same event a second time. */
async function sendAgain(tenant: string, name: string): Promise<void> {
	const { key, etag } = await drop(tenant, name);
	await sendEvent({ Records: [record(encodeURIComponent(key), etag), record(encodeURIComponent(key), etag)] });
}

function record(key: string, eTag: string) {
	const object = { key, size: 2500, eTag, sequencer: '00' };
	return {
		eventSource: 'aws:s3',
		eventName: 'ObjectCreated:Put',
		s3: { bucket: { name: host.resources.imagesBucket }, object },
	};
}

async function sendEvent(event: unknown): Promise<void> {
	await host.clients.sqs.send(
		new SendMessageCommand({ QueueUrl: host.resources.imageEventsUrl, MessageBody: JSON.stringify(event) }),
	);
}

async function outcomesOf(tenant: string): Promise<Outcome[]> {
	const all: Outcome[] = [];
	for (const ref of await host.outcomes.list(tenant)) all.push(...((await host.outcomes.read(ref))?.outcomes ?? []));
	return all;
}
