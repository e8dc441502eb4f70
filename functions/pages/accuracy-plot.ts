import { fullMacs } from '../core/package.ts';
import type { DemoPage } from './demo-data.ts';
import { type Html, trusted } from './html.ts';
import { interval95 } from './interval.ts';
import { colours, policyColour } from './palette.ts';
import { type Figure, figure, fromZero, percentLabel } from './plot.ts';

const macsPerMillion = 1_000_000;
const halo = { stroke: colours.paper, strokeWidth: 4, strokeJoin: 'round' };

/** Accuracy against compute: the gate's curve, each policy alone, and where the tenants came out. */
export function accuracyPlot(data: DemoPage): Promise<Html> {
	return figure({
		title: 'Accuracy against compute',
		caption: 'Every tenant should be near the line: what the gate reached on held-out images with the same compute.',
		key: [
			{ swatch: trusted('<i class="swatch stroke"></i>'), text: 'gate, held-out images' },
			{ swatch: trusted('<i class="swatch dot"></i>'), text: 'a policy alone, held-out images' },
			{ swatch: trusted('<i class="swatch whisker"></i>'), text: 'tenant, with its 95 % interval' },
		],
		spec: specOf(data),
	});
}

function specOf({ card, tenants }: DemoPage): Figure['spec'] {
	const mostMacs = fullMacs(card);
	const curve = card.curve.map(({ macs, accuracy }) => ({ macs: macs / macsPerMillion, accuracy }));
	const alone = card.policies.flatMap(({ macs, mirrored }, i) => {
		const accuracy = card.results.holdout[i];
		return accuracy === undefined || mirrored
			? []
			: [{ macs: macs / macsPerMillion, accuracy, colour: policyColour(i) }];
	});
	const points = tenants
		.filter(({ labelled }) => labelled > 0)
		.map(({ tenant, accuracy, share, labelled }) => ({
			tenant,
			accuracy,
			macs: (share * mostMacs) / macsPerMillion,
			...interval95(accuracy, labelled),
		}))
		.sort((a, b) => a.macs - b.macs);
	const x = {
		field: 'macs',
		type: 'quantitative',
		title: 'million MACs per image',
		scale: fromZero([mostMacs / macsPerMillion]),
		axis: { grid: false },
	};
	const y = {
		field: 'accuracy',
		type: 'quantitative',
		title: null,
		scale: { zero: false },
		axis: { labelExpr: percentLabel, tickCount: 6 },
	};
	// Names are below right or above left in turn: the line rises from left to right and leaves those corners free.
	const names = (below: boolean) => ({
		data: { values: points.filter((_, i) => (i % 2 === 0) === below) },
		mark: {
			type: 'text',
			...halo,
			fontSize: 13,
			fontWeight: 600,
			color: colours.accent,
			limit: 130,
			...(below ? { align: 'left', dx: 9, dy: 16 } : { align: 'right', dx: -9, dy: -14 }),
		},
		encoding: { x, y, text: { field: 'tenant' } },
	});
	return ({ narrow }) => ({
		height: narrow ? 250 : 320,
		layer: [
			{ data: { values: curve }, mark: { type: 'line', color: colours.soft, strokeWidth: 2 }, encoding: { x, y } },
			{
				data: { values: alone },
				mark: { type: 'point', filled: true, size: 55, opacity: 1, stroke: colours.soft, strokeWidth: 1 },
				encoding: { x, y, fill: { field: 'colour', type: 'nominal', scale: null } },
			},
			{
				data: { values: points },
				mark: { type: 'rule', color: colours.accent, strokeWidth: 2 },
				encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } },
			},
			{
				data: { values: points },
				mark: { type: 'point', shape: 'diamond', filled: true, color: colours.accent, size: 110, opacity: 1 },
				encoding: { x, y },
			},
			names(true),
			names(false),
		],
	});
}
