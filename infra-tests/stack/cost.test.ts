import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gmacUsd, requestsUsd } from '../../cdk/cost/model.ts';
import { costPage, idle } from '../../cdk/cost/page.ts';
import { readPrices } from '../../cdk/cost/prices.ts';
import { defineSettings } from '../../cdk/settings-schema.ts';
import { parseCard } from '../../functions/core/package.ts';
import { synthesise, synthTimeoutMs } from './synthesise.ts';

const root = join(import.meta.dirname, '..', '..');
const prices = await readPrices();

test('docs/cost.md is what npm run cost computes for the default settings', async () => {
	const settings = defineSettings({});
	const card = parseCard(await readFile(join(root, 'models', 'packages', settings.modelPackage, 'model.json'), 'utf8'));
	expect(await readFile(join(root, 'docs', 'cost.md'), 'utf8')).toBe(costPage(prices, settings, card));
});

test('requests of an image: never less than its PUT alone, and the less the more share a batch or an archive', () => {
	const put = prices.usd('s3PutMillion') / 1e6;
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 2047 }), fc.integer({ min: 20, max: 100_000 }), (batch, archive) => {
			expect(requestsUsd(prices, batch, 1)).toBeGreaterThan(put);
			expect(requestsUsd(prices, batch + 1, 1)).toBeLessThan(requestsUsd(prices, batch, 1));
			expect(requestsUsd(prices, batch, archive)).toBeLessThan(requestsUsd(prices, batch, 1));
		}),
	);
});

test('a GMAC costs the same however large the task is, but for its address, and less on a GPU that is kept busy', () => {
	const [small, large] = [
		gmacUsd(prices, 'cpu', { vcpus: 2, memoryGb: 4 }),
		gmacUsd(prices, 'cpu', { vcpus: 8, memoryGb: 16 }),
	];
	expect(large).toBeLessThan(small);
	expect(small / large).toBeLessThan(1.05);
	expect(gmacUsd(prices, 'gpu', { vcpus: 2, memoryGb: 4 })).toBeLessThan(large);
});

test(
	'the idle month counts the alarms of the synthesised stack, each by its metrics',
	() => {
		const alarms = Object.values(synthesise({}).findResources('AWS::CloudWatch::Alarm'));
		const metricsOf = ({ Properties }: (typeof alarms)[number]) =>
			Properties.Metrics?.filter((metric: { MetricStat?: unknown }) => metric.MetricStat).length ?? 1;
		expect(alarms.reduce((sum, alarm) => sum + metricsOf(alarm), 0)).toBe(idle.alarmMetrics);
		expect(Object.keys(synthesise({}).findResources('AWS::Lambda::EventSourceMapping'))).toHaveLength(
			idle.queuesPolled,
		);
	},
	synthTimeoutMs,
);
