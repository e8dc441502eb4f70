import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseCard } from '../core/package.ts';
import { embeddedPrice as price } from '../core/price.ts';
import { renderSimulationPage } from '../pages/simulation-page.ts';
import { pageData } from './page-data.ts';
import { simulate, summaryOf } from './run.ts';

const cardFile = join(import.meta.dirname, '..', '..', 'models', 'packages', 'cifar10-resnet', 'model.json');
const card = parseCard(readFileSync(cardFile, 'utf8'));
const run = () => simulate({ card, price, seeds: 1, tenants: 12, scale: 1, onTenant: () => undefined });

test('in a year of twelve tenants no limit is passed, nothing is lost, and even pacing keeps its promise', async () => {
	const result = await run();
	const summary = summaryOf(result);
	expect(summary).toMatchObject({ periodsOverLimit: 0, lost: 0 });
	expect(summary.images).toBeGreaterThan(50_000);
	expect(summary.deferredShareEven).toBeLessThan(0.02);
	expect(summary.worstWeekAccuracyEven).toBeGreaterThan(summary.worstWeekAccuracyEager);
	expect(result.eager.images).toBe(summary.images);
	expect(await renderSimulationPage(pageData(result))).toContain('Spending over the month');
	const again = summaryOf(await run());
	expect({ ...again, seconds: 0 }).toEqual({ ...summary, seconds: 0 });
});
