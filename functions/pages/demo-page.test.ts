import { expect, test } from 'vitest';
import { cardFor } from '../core/testing/card.ts';
import type { DemoPage } from './demo-data.ts';
import { renderDemoPage } from './demo-page.ts';

const hostile = '<img src=x onerror="alert(1)">';
const page: DemoPage = {
	card: cardFor([100_000, 250_000, 600_000]),
	machine: '2 cores & more',
	tenants: [
		{
			tenant: 'full',
			quota: 'full quality',
			images: 1234,
			labelled: 1233,
			failed: 1,
			deferred: 0,
			accuracy: 0.9123,
			share: 0.9876,
			budgetMacs: 740_400_000,
			consumedMacs: 730_663_056,
			limitNanoUsd: 2_500_000_000,
			spentNanoUsd: 1_250_000_001,
			imagesPerSecond: 321.4,
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
			budgetMacs: 0,
			consumedMacs: 0,
			limitNanoUsd: 0,
			spentNanoUsd: 0,
			imagesPerSecond: 0,
		},
	],
	batches: [
		{
			tenant: 'full',
			batchId: 'b-1',
			images: 1234,
			budgetMacs: 740_400_000,
			consumedMacs: 730_663_056,
			policies: { p0: { labels: 33, runs: 1233 }, p2: { labels: 1200, runs: 1200 } },
		},
	],
	examples: [
		{ policy: 'p0', policies: ['p0'], label: hostile, truth: 'cat', confidence: 0.5, png: new Uint8Array([1, 2, 3]) },
		{ policy: 'p2', policies: ['p0', 'p2'], label: 'dog', truth: 'dog', confidence: 0.98, png: new Uint8Array([4]) },
	],
};
const [full, none] = page.tenants as [DemoPage['tenants'][number], DemoPage['tenants'][number]];
const [batch] = page.batches as [DemoPage['batches'][number]];

/** What a reader sees of the page: no markup, plain spaces. */
function textOf(html: string): string {
	return html.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
}

test('every tenant is in the table with its figures as given', async () => {
	const text = textOf(await renderDemoPage(page));
	expect(text).toContain('full full quality 91.2 % 98.8 % 98.6 % $1.250000001 $2.50 1,234 1,233 1 0 321');
	expect(text).toContain('onerror=&quot;alert(1)&quot;&gt; – – – $0.00 $0.00 10 0 0 10 –');
	expect(text).toContain('One network, two quotas');
	expect(text).toContain('for-tests 1.0.0 on 2 cores &amp; more');
});

test('five plots, each with a title, a caption and a label', async () => {
	const html = await renderDemoPage(page);
	const labels = [...html.matchAll(/<svg role="img" aria-label="([^"]+)"/g)].map(([, label]) => label);
	expect(new Set(labels).size).toBe(5);
	expect(html.match(/<svg /g)).toHaveLength(10); // each for a desk and for a phone
	expect(html.match(/<figcaption>[^<]+\.<\/figcaption>/g)).toHaveLength(5);
	expect(html).not.toMatch(/NaN|undefined|Infinity/);
});

test('captions agree with the figures, even when a bound was passed', async () => {
	expect(textOf(await renderDemoPage(page))).toContain('hard cap: no bar passes its mark; together they used 98.6 %.');
	const broken = {
		...page,
		tenants: [{ ...full, spentNanoUsd: full.limitNanoUsd + 1 }, none],
		batches: [batch, { ...batch, consumedMacs: batch.budgetMacs + 1 }],
	};
	const text = textOf(await renderDemoPage(broken));
	expect(text).toContain('hard cap: 1 of 2 bars pass their mark');
	expect(text).toContain('than its limit: 1 of 2 bars pass their mark');
});

test('a batch in which nothing ran is shown as such', async () => {
	const failed = { ...batch, batchId: 'b-2', images: 4, consumedMacs: 0, policies: {} };
	expect(textOf(await renderDemoPage({ ...page, batches: [batch, failed] }))).toContain('all failed');
	expect(textOf(await renderDemoPage(page))).not.toContain('all failed');
});

test('easy and hard examples have label, confidence, policies, and the truth where it differs', async () => {
	const html = await renderDemoPage(page);
	expect(html).toContain('<img alt="cat" src="data:image/png;base64,AQID">');
	const text = textOf(html);
	expect(text).toMatch(/they left after p0 .* 50 % wrong: it is cat p0 .*they went on to p2 .* dog 98 % p0 → p2/);
	expect(text).not.toContain('it is dog');
});

test('the page requests nothing, runs nothing, and shows hostile names as text', async () => {
	const html = await renderDemoPage(page);
	expect(html).not.toMatch(/https?:|url\(|<script|<link|<img src=x/);
	expect(html.match(/<[^>]*\son\w+=/g)).toBeNull();
	expect(html).toContain('&lt;img src=x onerror=');
	expect(html).toContain(`content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"`);
});

test('the page still renders when nothing ran', async () => {
	const html = await renderDemoPage({ ...page, tenants: [none], batches: [], examples: [] });
	expect(textOf(html)).toContain('No batch ran.');
	expect(html).not.toMatch(/NaN|undefined|Infinity/);
});
