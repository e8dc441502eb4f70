import { expect, test } from 'vitest';
import { cardFor } from '../core/testing/card.ts';
import { type DemoPage, renderDemoPage } from './demo-page.ts';

const hostile = '<img src=x onerror="alert(1)">';
const page: DemoPage = {
	card: cardFor([100, 250, 600]),
	machine: '2 cores & more',
	tenants: [
		{
			tenant: 'full',
			quota: 'full quality',
			images: 10,
			labelled: 9,
			failed: 1,
			deferred: 0,
			accuracy: 0.9123,
			share: 1,
			limitNanoUsd: 2_500_000_000,
			spentNanoUsd: 1_250_000_000,
		},
		{
			tenant: hostile,
			quota: hostile,
			images: 10,
			labelled: 0,
			failed: 0,
			deferred: 10,
			accuracy: 0,
			share: 0,
			limitNanoUsd: 0,
			spentNanoUsd: 0,
		},
	],
	batches: [
		{ tenant: 'full', images: 10, budgetMacs: 6000, consumedMacs: 5400, policies: { p2: { labels: 9, runs: 9 } } },
	],
	examples: [
		{ policies: ['p0'], label: hostile, truth: 'cat', confidence: 0.5, png: new Uint8Array([1, 2, 3]) },
		{ policies: ['p0', 'p2'], label: 'dog', truth: 'dog', confidence: 0.98, png: new Uint8Array([4]) },
	],
};

test('the page shows every tenant, its figures, five plots and the examples', async () => {
	const html = await renderDemoPage(page);
	expect(html.match(/<svg /g)).toHaveLength(5);
	for (const text of [
		'full quality',
		'9 of 10',
		'91.2 %',
		'$1.25',
		'$2.50',
		'2 cores &amp; more',
		'p0 → p2',
		'dog 98 %',
		'(it is cat)',
	])
		expect(html).toContain(text);
	expect(html).toContain('data:image/png;base64,AQID');
});

test('it asks for nothing, runs nothing, and shows hostile names as text', async () => {
	const html = await renderDemoPage(page);
	const addresses = [...html.matchAll(/https?:\/\/[^"' )]+/g)].map(([address]) => address);
	expect(new Set(addresses)).toEqual(new Set(['http://www.w3.org/2000/svg', 'http://www.w3.org/1999/xlink']));
	expect(html).not.toMatch(/<script|<link|<img src=x/);
	expect(html).toContain('&lt;img src=x onerror=');
	expect(html).toContain(`default-src 'none'`);
});
