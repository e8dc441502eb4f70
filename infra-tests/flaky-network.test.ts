import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFlakyProxy } from './flaky-proxy.ts';
import { startSmallCloud } from './small-cloud.ts';

const images = 60;
const seed = 7;
type Proxy = Awaited<ReturnType<typeof startFlakyProxy>>;

let cloud: Awaited<ReturnType<typeof startSmallCloud>>;
const proxies: Proxy[] = [];

beforeAll(async () => {
	cloud = await startSmallCloud(async (emulators) => {
		const objects = await startFlakyProxy(emulators.s3Endpoint, seed);
		const tables = await startFlakyProxy(emulators.dynamodbEndpoint, seed + 1);
		proxies.push(objects, tables);
		return {
			...emulators,
			s3Endpoint: objects.endpoint,
			sqsEndpoint: objects.endpoint,
			dynamodbEndpoint: tables.endpoint,
		};
	});
	cloud.start('handlers');
	cloud.start('worker');
});
afterAll(async () => {
	await cloud.close();
	for (const proxy of proxies) await proxy.close();
});

test('with requests refused, slow, or answered into the void, every image has one outcome, and the money agrees', {
	timeout: 120_000,
}, async () => {
	await cloud.setLimit('acme', 1_000_000);
	const keys = Array.from({ length: images }, (_, i) => `acme/${String(i).padStart(3, '0')}.png`);
	for (const key of keys) await cloud.drop(key);
	await expect.poll(async () => (await cloud.keysOf('acme')).sort(), { timeout: 100_000, interval: 250 }).toEqual(keys);
	await expect.poll(async () => (await cloud.account('acme'))?.open, { timeout: 60_000, interval: 250 }).toEqual({});
	const account = await cloud.account('acme');
	const facts = await Promise.all(
		(await cloud.stores.outcomes.list('acme')).map((ref) => cloud.stores.outcomes.facts(ref)),
	);
	expect(account?.spentNanoUsd).toBe(facts.reduce((sum, found) => sum + (found?.billedNanoUsd ?? 0), 0));
	expect(await cloud.outcomesOf('acme')).toSatisfy((outcomes: { status: string }[]) =>
		outcomes.every(({ status }) => status === 'labelled'),
	);
	for (const proxy of proxies) expect(proxy.spoilt()).toBeGreaterThan(20);
});
