import { fullPolicy, type ModelCard } from '../core/package.ts';
import type { DemoPage } from './demo-data.ts';
import type { Html } from './html.ts';
import { colours, policyColour } from './palette.ts';
import { type Figure, figure } from './plot.ts';

const narrowFiguresMax = 6;

/** Which blocks each policy runs, and how wide. */
export function blocksPlot({ card }: DemoPage): Promise<Html> {
	return figure({
		title: 'What each policy runs',
		caption:
			'Figures are a block’s width in percent of its full width; – means that it is skipped. All policies share one set of weights. The look is a small network beside the blocks. A mirrored policy looks at the mirror image, after the policy before it.',
		spec: specOf(card),
	});
}

function specOf(card: ModelCard): Figure['spec'] {
	const full = fullPolicy(card).widths;
	const cells = card.policies.flatMap(({ id, widths }) =>
		widths.map((active, block) => {
			const part = active / Math.max(full[block] ?? 0, active, 1);
			return { policy: id, block: block + 1, part, text: active === 0 ? '–' : (100 * part).toFixed(0) };
		}),
	);
	const rows = card.policies.map(({ id, macs, mirrored }, i) => ({
		policy: id,
		colour: policyColour(i),
		macs: `${mirrored ? '+' : ''}${(macs / 1e6).toPrecision(3)} M`,
	}));
	const y = { field: 'policy', type: 'nominal', title: null, sort: null, axis: { labelPadding: 26 } };
	const x = { field: 'block', type: 'ordinal', title: 'block', axis: { labelAngle: 0, orient: 'top' } };
	const right = { value: 'width' };
	return ({ narrow }) => ({
		height: card.policies.length * (card.policies.length > 16 ? 18 : 36),
		layer: [
			{
				data: { values: cells },
				mark: { type: 'rect', color: colours.accent, stroke: colours.paper, strokeWidth: 2 },
				encoding: {
					x,
					y,
					fillOpacity: {
						field: 'part',
						type: 'quantitative',
						legend: null,
						scale: { domain: [0, 1], range: [0.06, 1] },
					},
				},
			},
			{
				// On a phone many blocks leave no room for figures: the shade says as much.
				data: { values: narrow && full.length > narrowFiguresMax ? [] : cells },
				mark: { type: 'text', fontSize: narrow ? 9 : 12 },
				encoding: {
					x,
					y,
					text: { field: 'text' },
					color: { condition: { test: 'datum.part > 0.6', value: colours.paper }, value: colours.ink },
				},
			},
			{
				data: { values: rows },
				mark: { type: 'square', size: 150, opacity: 1, xOffset: -14 },
				encoding: { x: { value: 0 }, y, color: { field: 'colour', type: 'nominal', scale: null } },
			},
			{
				data: { values: rows },
				mark: { type: 'text', align: 'left', dx: 8 },
				encoding: { x: right, y, text: { field: 'macs' } },
			},
			{
				data: { values: [{}] },
				mark: { type: 'text', align: 'left', dx: 8, dy: -12, color: colours.soft },
				encoding: { x: right, y: { value: 0 }, text: { value: 'MACs' } },
			},
		],
	});
}
