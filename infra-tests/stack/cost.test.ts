import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evenGmac, recordsUsdMonth, requestsUsd, storedUsd, waitingUsdMonth } from '../../cdk/cost/model.ts';
import { costPage, idle } from '../../cdk/cost/page.ts';
import { readPrices } from '../../cdk/cost/prices.ts';
import { computeBindsGmac, gmacUsd, gpuPaysGmac, workerUsdMillion } from '../../cdk/cost/worker-time.ts';
import { defineSettings } from '../../cdk/settings-schema.ts';
import { parseCard } from '../../functions/core/package.ts';
import { measureWaiting } from '../../functions/sweeper/measures.ts';
import { synthesise, synthTimeoutMs } from './synthesise.ts';

const root = join(import.meta.dirname, '..', '..');
const prices = await readPrices();

test('docs/cost.md is what npm run cost prints for the default settings', async () => {
	const settings = defineSettings({});
	const card = parseCard(await readFile(join(root, 'models', 'packages', settings.modelPackage, 'model.json'), 'utf8'));
	expect(await readFile(join(root, 'docs', 'cost.md'), 'utf8')).toBe(costPage(prices, settings, card));
});

test('the requests of an image never cost less than its PUT alone, and less the more images share a batch or an archive', () => {
	const put = prices.usd('s3PutMillion') / 1e6;
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 2047 }), fc.integer({ min: 20, max: 100_000 }), (batch, archive) => {
			expect(requestsUsd(prices, batch, 1)).toBeGreaterThan(put);
			expect(requestsUsd(prices, batch + 1, 1)).toBeLessThan(requestsUsd(prices, batch, 1));
			expect(requestsUsd(prices, batch, archive)).toBeLessThan(requestsUsd(prices, batch, 1));
		}),
	);
});

test('a GMAC costs the same however large the task is, except for its address, and less on a GPU that is kept busy', () => {
	const small = gmacUsd(prices, 'cpu', { vcpus: 2, memoryGb: 4 });
	const large = gmacUsd(prices, 'cpu', { vcpus: 8, memoryGb: 16 });
	expect(large).toBeLessThan(small);
	expect(small / large).toBeLessThan(1.05);
	expect(gmacUsd(prices, 'gpu', { vcpus: 2, memoryGb: 4 })).toBeLessThan(large);
});

const task = { vcpus: 4, memoryGb: 8 };
const cifarGmac = 0.116;

test('a small network dropped one by one costs a GPU its wait for images, dozens of times what computing costs, and is dearer than on CPUs', () => {
	const onGpu = workerUsdMillion(prices, 'gpu', task, 'alone', cifarGmac);
	expect(onGpu / (1e6 * cifarGmac * gmacUsd(prices, 'gpu', task))).toBeGreaterThan(39);
	expect(onGpu).toBeGreaterThan(workerUsdMillion(prices, 'cpu', task, 'alone', cifarGmac));
	expect(workerUsdMillion(prices, 'gpu', task, 'alone', cifarGmac / 4)).toBe(onGpu);
	expect(workerUsdMillion(prices, 'gpu', task, 'archived', cifarGmac)).toBeCloseTo(onGpu / 5, 10);
});

test.each(['alone', 'archived'] as const)(
	'%s: on either side of the sizes that the page names, what it says of them is true',
	(drop) => {
		const at = (kind: 'cpu' | 'gpu', gmac: number) => workerUsdMillion(prices, kind, task, drop, gmac);
		for (const kind of ['cpu', 'gpu'] as const) {
			const binds = computeBindsGmac(prices, kind, task, drop);
			expect(at(kind, 0.5 * binds)).toBeCloseTo(at(kind, binds), 10);
			expect(at(kind, 2 * binds)).toBeCloseTo(2 * at(kind, binds), 10);
		}
		const pays = gpuPaysGmac(prices, task, drop);
		expect(at('gpu', 0.99 * pays)).toBeGreaterThan(at('cpu', 0.99 * pays));
		expect(at('gpu', 1.01 * pays)).toBeLessThan(at('cpu', 1.01 * pays));
	},
);

test.each([
	[1, 'alone'],
	[10_000, 'archived'],
] as const)(
	'a full run that costs as much as the requests of an image in an archive of %i is bound by computing, not loading',
	(size, drop) => {
		for (const kind of ['cpu', 'gpu'] as const) {
			const even = evenGmac(requestsUsd(prices, 512, size), gmacUsd(prices, kind, task));
			expect(even).toBeGreaterThan(computeBindsGmac(prices, kind, task, drop));
		}
	},
);

test('what is kept of a million images a month costs a dime a month more for ever, a dollar after a year; nearly four times that where each is a batch', () => {
	expect(recordsUsdMonth(prices, 1e6, 512)).toBeCloseTo(0.086, 3);
	expect(recordsUsdMonth(prices, 12e6, 512)).toBeCloseTo(1.04, 2);
	expect(recordsUsdMonth(prices, 1e6, 1) / recordsUsdMonth(prices, 1e6, 512)).toBeCloseTo(3.8, 1);
});

test('an archive shares no batch with others: with ten images it saves an eighth of the requests, with a hundred nine tenths', () => {
	const alone = requestsUsd(prices, 512, 1);
	expect(requestsUsd(prices, 512, 10) / alone).toBeCloseTo(0.865, 2);
	expect(requestsUsd(prices, 512, 100) / alone).toBeCloseTo(0.095, 2);
	expect(requestsUsd(prices, 512, 512)).toBeCloseTo(requestsUsd(prices, 512, 5120), 5);
	expect(requestsUsd(prices, 512, 513)).toBeGreaterThan(requestsUsd(prices, 512, 512));
});

test('waiting costs cents per tenant and month; an image that is kept costs more than its requests', () => {
	const { deferral, openDrop } = waitingUsdMonth(prices, 8760);
	expect(deferral).toBeCloseTo(0.078, 3);
	expect(openDrop).toBeCloseTo(0.11, 2);
	expect((1e11 / 1024 ** 3) * storedUsd(prices, 279)).toBeGreaterThan(1e6 * requestsUsd(prices, 512, 1));
});

test('a batch of one image costs seven times as many dollars in requests as an image’s share of a full batch', () => {
	expect(requestsUsd(prices, 1, 1) / requestsUsd(prices, 512, 1)).toBeCloseTo(7.2, 1);
});

test(
	'the idle month counts the alarms of the synthesised stack, each by its metrics, and the metrics of each sweep',
	() => {
		const alarms = Object.values(synthesise({}).findResources('AWS::CloudWatch::Alarm'));
		const metricsOf = ({ Properties }: (typeof alarms)[number]) =>
			Properties.Metrics?.filter((metric: { MetricStat?: unknown }) => metric.MetricStat).length ?? 1;
		expect(alarms.reduce((sum, alarm) => sum + metricsOf(alarm), 0)).toBe(idle.alarmMetrics);
		expect(Object.keys(synthesise({}).findResources('AWS::Lambda::EventSourceMapping'))).toHaveLength(
			idle.queuesPolled,
		);
		expect(Object.keys(measureWaiting([], 0))).toHaveLength(idle.metrics);
	},
	synthTimeoutMs,
);
