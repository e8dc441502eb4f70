import type { DemoPage } from './demo-data.ts';
import { type Html, trusted } from './html.ts';
import { colours, swatch } from './palette.ts';
import { type Figure, figure, fromZero } from './plot.ts';
import { percentDown } from './words.ts';

/** What each tenant spent of its limit. */
export function moneyPlot({ tenants }: DemoPage): Promise<Html> {
	const over = tenants.filter(({ limitNanoUsd, spentNanoUsd }) => spentNanoUsd > limitNanoUsd).length;
	const verdict = over === 0 ? 'no bar passes its mark' : `${over} of ${tenants.length} bars pass their mark`;
	return figure({
		title: 'Money',
		caption: `A tenant never spends more than its limit: ${verdict}.`,
		key: [
			{ swatch: swatch(colours.accent), text: 'spent, in percent of the limit' },
			{ swatch: trusted('<i class="swatch mark"></i>'), text: 'limit' },
		],
		spec: specOf(tenants),
	});
}

function specOf(tenants: DemoPage['tenants']): Figure['spec'] {
	const { nanoUsd, words } = unitOf(Math.max(...tenants.map(({ limitNanoUsd }) => limitNanoUsd), 0));
	const values = tenants.map(({ tenant, limitNanoUsd, spentNanoUsd }) => ({
		tenant,
		limit: limitNanoUsd / nanoUsd,
		spent: spentNanoUsd / nanoUsd,
		used: limitNanoUsd === 0 ? '' : percentDown(spentNanoUsd / limitNanoUsd),
	}));
	const x = {
		type: 'quantitative',
		title: words,
		scale: fromZero(values.flatMap(({ limit, spent }) => [limit, spent])),
		axis: { tickCount: 5 },
	};
	return ({ narrow }) => {
		const y = { field: 'tenant', type: 'nominal', sort: null, title: null, axis: { labelLimit: narrow ? 80 : 130 } };
		return {
			height: 38 * tenants.length,
			data: { values },
			layer: [
				{
					mark: { type: 'bar', color: colours.accent, opacity: 0.75, height: 18 },
					encoding: { y, x: { ...x, field: 'spent' } },
				},
				{
					mark: { type: 'tick', color: colours.ink, thickness: 2.5, size: 24 },
					encoding: { y, x: { ...x, field: 'limit' } },
				},
				{
					mark: { type: 'text', align: 'left', dx: 8 },
					encoding: { y, x: { ...x, field: 'limit' }, text: { field: 'used' } },
				},
			],
		};
	};
}

/** A demo costs millionths of a dollar, a day's work dollars. */
function unitOf(nanoUsdMax: number): { nanoUsd: number; words: string } {
	if (nanoUsdMax < 1e6) return { nanoUsd: 1e3, words: 'millionths of a dollar' };
	return nanoUsdMax < 1e9 ? { nanoUsd: 1e6, words: 'thousandths of a dollar' } : { nanoUsd: 1e9, words: 'dollars' };
}
