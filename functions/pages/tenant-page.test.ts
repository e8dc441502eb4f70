import { expect, test } from 'vitest';
import { renderTenantPage, type TenantPage } from './tenant-page.ts';

const page: TenantPage = {
	...{ tenant: 'acme', period: '2026-11', startMs: Date.UTC(2026, 10, 1), endMs: Date.UTC(2026, 11, 1) },
	...{ nowMs: Date.UTC(2026, 10, 24), limitNanoUsd: 2_000_000_000, softLimitNanoUsd: 1_500_000_000, carriedNanoUsd: 0 },
	batches: [
		{ atMs: Date.UTC(2026, 10, 3), images: 1000, billedNanoUsd: 250_000_000, accuracy: 0.93 },
		{ atMs: Date.UTC(2026, 10, 9), images: 234, billedNanoUsd: 1, accuracy: undefined },
	],
	policies: [
		{ id: 'p0', macs: 5e9, images: 1000 },
		{ id: 'p1', macs: 7e9, images: 321 },
	],
};

test('the page says what was spent of what, and when', async () => {
	const text = (await renderTenantPage(page)).replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
	expect(text).toContain('1,234 images in 2 batches; $0.250000001 of $2.00 spent.');
	expect(text).toContain('As of 2026-11-24T00:00Z');
	expect(text).toContain('321');
});

test('a total without an end, and a tenant that did nothing, have a page too', async () => {
	const empty = { ...page, period: 'total', startMs: 0, endMs: Number.POSITIVE_INFINITY, batches: [], policies: [] };
	const text = await renderTenantPage(empty);
	expect(text).toContain('0 images in 0 batches; $0.00 of $2.00 spent.');
	expect(text).not.toMatch(/NaN|Infinity/);
});
