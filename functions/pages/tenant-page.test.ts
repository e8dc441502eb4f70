import { expect, test } from 'vitest';
import { renderTenantPage, type TenantPage } from './tenant-page.ts';

const page: TenantPage = {
	tenant: 'acme',
	period: '2026-11',
	startMs: Date.UTC(2026, 10, 1),
	endMs: Date.UTC(2026, 11, 1),
	nowMs: Date.UTC(2026, 10, 24),
	limitNanoUsd: 2_000_000_000,
	softLimitNanoUsd: 1_500_000_000,
	carriedNanoUsd: 0,
	batches: [
		{ atMs: Date.UTC(2026, 10, 3), images: 1000, billedNanoUsd: 250_000_000, accuracy: 0.93 },
		{ atMs: Date.UTC(2026, 10, 9), images: 234, billedNanoUsd: 1, accuracy: undefined },
	],
	readBatches: 2,
	policies: [
		{ id: 'p0', macs: 5e9, images: 1000 },
		{ id: 'p1', macs: 7e9, images: 321 },
	],
	others: { batches: 0, macs: 0, images: 0 },
};

async function textOf(data: TenantPage): Promise<string> {
	return (await renderTenantPage(data)).replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
}

test('the page says what was spent of what, and when', async () => {
	const text = await textOf(page);
	expect(text).toContain('1,234 images in 2 batches; $0.250000001 of $2.00 spent.');
	expect(text).toContain('As of 2026-11-24T00:00Z');
	expect(text).toContain('321');
	expect(text).not.toContain('newest');
	expect(text).not.toContain('other packages');
});

test('batches that other packages ran are counted, and their compute is one bar: their policies are not those of this package', async () => {
	const text = await textOf({ ...page, others: { batches: 2, macs: 3e9, images: 77 } });
	expect(text).toContain('Leaves out two batches that other packages ran.');
	expect(text).toContain('Shows two batches that other packages ran as one sum.');
	expect(text).toContain('77');
});

test('for very many batches the page says what all of them spent, and for which it knows more', async () => {
	const batches = Array.from({ length: 150_000 }, (_, i) => {
		return { atMs: page.startMs + 1000 * i, images: 8, billedNanoUsd: 1000, accuracy: i < 149_900 ? undefined : 0.9 };
	});
	const many = { ...page, batches, readBatches: 100 };
	expect(await textOf(many)).toContain('1,200,000 images in 150,000 batches; $0.15 of $2.00 spent.');
	expect((await textOf(many)).match(/Covers only the newest 100 batches\./g)).toHaveLength(2);
	expect((await renderTenantPage(many)).length).toBeLessThan(1_000_000);
});

test('a total without an end, and a tenant that did nothing, have a page too', async () => {
	const empty = { ...page, period: 'total', startMs: 0, endMs: Number.POSITIVE_INFINITY, batches: [], policies: [] };
	const text = await renderTenantPage(empty);
	expect(text).toContain('0 images in 0 batches; $0.00 of $2.00 spent.');
	expect(text).not.toMatch(/NaN|Infinity/);
});

test('a batch whose images came before the period is drawn at its beginning, within the plot', async () => {
	const early = { atMs: page.startMs - 5 * 86_400_000, images: 8, billedNanoUsd: 1000, accuracy: 0.9 };
	const drawn = await renderTenantPage({ ...page, batches: [early, ...page.batches] });
	const dots = [...drawn.matchAll(/<path transform="translate\((-?[\d.]+),[^>]*opacity="0.7"/g)].map(([, left]) =>
		Number(left),
	);
	const labelled = page.batches.filter(({ accuracy }) => accuracy !== undefined);
	expect(dots).toHaveLength(2 * (1 + labelled.length)); // for a desk and for a phone
	expect(Math.min(...dots)).toBe(0);
});
