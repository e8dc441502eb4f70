import type { DemoPage } from './demo-data.ts';
import type { Html } from './html.ts';
import { trusted } from './html.ts';
import { colours, swatch } from './palette.ts';
import { type Figure, figure } from './plot.ts';
import { percentDown } from './words.ts';

/** With more batches the bars are thin, and have no room for figures. */
const figuresBatchesMax = 40;

/** Budget and consumption of every batch. */
export function budgetPlot({ batches }: DemoPage): Promise<Html> {
	const over = batches.filter(({ budgetMacs, consumedMacs }) => consumedMacs > budgetMacs).length;
	const verdict = over === 0 ? 'no bar passes its mark' : `${over} of ${batches.length} bars pass their mark`;
	return figure({
		title: 'Budget and consumption of every batch',
		caption: `A batch’s budget is a hard cap: ${verdict}, and little of it is left over.`,
		key: [
			{ swatch: swatch(colours.accent), text: 'consumed' },
			{ swatch: trusted('<i class="swatch mark"></i>'), text: 'budget' },
		],
		spec: specOf(batches),
	});
}

function specOf(batches: DemoPage['batches']): Figure['spec'] {
	const values = batches.map(({ tenant, images, budgetMacs, consumedMacs }, batch) => ({
		tenant,
		batch,
		budget: budgetMacs / images / 1e6,
		consumed: consumedMacs / images / 1e6,
		used: percentDown(consumedMacs / Math.max(budgetMacs, 1)),
	}));
	const written = batches.length <= figuresBatchesMax;
	const y = { field: 'batch', type: 'nominal', axis: null };
	const x = { type: 'quantitative', title: 'million MACs an image', scale: { zero: true } };
	const bars = { type: 'bar', color: colours.accent, opacity: 0.75 };
	return ({ widthPx }) => ({
		width: undefined,
		autosize: { type: 'pad' },
		data: { values },
		facet: { field: 'tenant', type: 'nominal', sort: null, title: null, header: headerOf(widthPx) },
		columns: 1,
		spacing: 6,
		resolve: { scale: { y: 'independent' } },
		spec: {
			width: widthPx - (written ? 70 : 20),
			height: { step: written ? 15 : 6 },
			layer: [
				{ mark: bars, encoding: { y, x: { ...x, field: 'consumed' } } },
				{
					mark: { type: 'tick', color: colours.ink, thickness: 2.5, size: written ? 15 : 6 },
					encoding: { y, x: { ...x, field: 'budget' } },
				},
				...(written
					? [
							{
								mark: { type: 'text', align: 'left', dx: 6, fontSize: 11 },
								encoding: { y, x: { ...x, field: 'budget' }, text: { field: 'used' } },
							},
						]
					: []),
			],
		},
	});
}

function headerOf(widthPx: number): object {
	return {
		title: null,
		labelAnchor: 'start',
		labelFontSize: 12,
		labelColor: colours.ink,
		labelPadding: 3,
		labelLimit: widthPx - 60,
	};
}
