import type { DemoPage } from './demo-data.ts';
import { type Html, trusted } from './html.ts';
import { colours, swatch } from './palette.ts';
import { type Figure, figure, fromZero } from './plot.ts';
import { percentDown } from './words.ts';

/** With more batches the bars are thin, and have no room for figures. */
const figuresBatchesMax = 40;

/** Budget and consumption of every batch. */
export function budgetPlot({ tenants, batches }: DemoPage): Promise<Html> {
	const over = batches.filter(({ budgetMacs, consumedMacs }) => consumedMacs > budgetMacs).length;
	const verdict = over === 0 ? 'no bar passes its mark' : `${over} of ${batches.length} bars pass their mark`;
	const sum = (field: 'budgetMacs' | 'consumedMacs') => batches.reduce((total, batch) => total + batch[field], 0);
	const used = percentDown(sum('consumedMacs') / Math.max(sum('budgetMacs'), 1));
	return figure({
		title: 'Budget and consumption of every batch',
		caption:
			batches.length === 0
				? 'No batch ran.'
				: `A batch’s budget is a hard cap: ${verdict}; together they used ${used}.`,
		key: [
			{ swatch: swatch(colours.accent), text: 'consumed, in percent of the budget' },
			{ swatch: trusted('<i class="swatch mark"></i>'), text: 'budget' },
		],
		spec: specOf(tenants, batches),
	});
}

function specOf(tenants: DemoPage['tenants'], batches: DemoPage['batches']): Figure['spec'] {
	const written = batches.length <= figuresBatchesMax;
	// Each tenant's batches are below a row with its name.
	const names: { row: number; tenant: string }[] = [];
	const bars: { row: number; budget: number; consumed: number; used: string }[] = [];
	let rows = 0;
	for (const { tenant } of tenants) {
		const mine = batches.filter((batch) => batch.tenant === tenant);
		if (mine.length === 0) continue;
		// Thin rows are too low for a name: it takes as many rows as it needs.
		names.push({ row: rows + (written ? 0 : 2), tenant });
		rows += written ? 1 : 3;
		for (const { images, budgetMacs, consumedMacs, policies } of mine) {
			const budget = budgetMacs / images / 1e6;
			const consumed = consumedMacs / images / 1e6;
			// Files that are no images may fill a batch of their own: then nothing ran.
			const ran = Object.keys(policies).length > 0;
			const used = ran ? percentDown(consumedMacs / Math.max(budgetMacs, 1)) : 'all failed';
			bars.push({ row: rows, budget, consumed, used: written ? used : '' });
			rows += 1;
		}
	}
	const stepPx = written ? 17 : 7;
	const scale = { domain: Array.from({ length: rows }, (_, row) => row), paddingInner: 0.12 };
	const y = { field: 'row', type: 'ordinal', axis: null, scale };
	const x = {
		type: 'quantitative',
		title: 'million MACs per image',
		scale: fromZero(bars.flatMap(({ budget, consumed }) => [budget, consumed])),
	};
	return ({ widthPx }) => ({
		height: Math.max(rows, 1) * stepPx,
		layer: [
			{
				data: { values: bars },
				mark: { type: 'bar', color: colours.accent, opacity: 0.75 },
				encoding: { y, x: { ...x, field: 'consumed' } },
			},
			{
				data: { values: bars },
				mark: { type: 'tick', color: colours.ink, thickness: 2.5, size: stepPx },
				encoding: { y, x: { ...x, field: 'budget' } },
			},
			{
				data: { values: bars },
				mark: { type: 'text', align: 'left', dx: 6, fontSize: 11 },
				encoding: { y, x: { ...x, field: 'budget' }, text: { field: 'used' } },
			},
			{
				data: { values: names },
				mark: { type: 'text', align: 'left', baseline: 'bottom', dy: stepPx / 2, fontWeight: 600, limit: widthPx - 40 },
				encoding: { y, x: { value: 0 }, text: { field: 'tenant' } },
			},
		],
	});
}
