import type { DemoPage } from './demo-data.ts';
import type { Html } from './html.ts';
import { colours, policyColour, swatch, textOnPolicy } from './palette.ts';
import { type Figure, figure, percentLabel } from './plot.ts';
import { percent } from './words.ts';

/** A smaller part has no room for its figure. */
const writtenPartMin = { broad: 0.1, narrow: 0.16 };

/** Which policy labelled each tenant's images, and how many have no label. */
export function policiesPlot(data: DemoPage): Promise<Html> {
	const policies = data.card.policies.map(({ id }, i) => ({ swatch: swatch(policyColour(i)), text: id }));
	return figure({
		title: 'Which policy gave the label',
		caption:
			'With less money, more images stop at a cheap policy; those that a quota cannot pay for even there wait, deferred.',
		key: [
			...policies,
			{ swatch: swatch(colours.failed), text: 'failed' },
			{ swatch: swatch(colours.deferred), text: 'deferred' },
		],
		spec: specOf(data),
	});
}

function specOf({ card, tenants, batches }: DemoPage): Figure['spec'] {
	const values = tenants.flatMap(({ tenant, images, deferred, failed }) => {
		const mine = batches.filter((batch) => batch.tenant === tenant);
		const labels = card.policies.map(({ id }, i) => ({
			images: mine.reduce((sum, batch) => sum + (batch.policies[id]?.labels ?? 0), 0),
			colour: policyColour(i),
			ink: textOnPolicy(i),
		}));
		const unlabelled = [
			{ images: failed, colour: colours.failed, ink: colours.paper },
			{ images: deferred, colour: colours.deferred, ink: colours.ink },
		];
		return [...labels, ...unlabelled].map((piece, order) => {
			const part = piece.images / Math.max(images, 1);
			// Rounded down, so that "100 %" means every image.
			return { ...piece, tenant, order, part, text: percent(Math.floor(100 * part) / 100, 0) };
		});
	});
	const y = { field: 'tenant', type: 'nominal', title: null, sort: null };
	const part = { field: 'part', type: 'quantitative', stack: 'zero', scale: { domain: [0, 1] } };
	const order = { field: 'order', type: 'quantitative' };
	return ({ narrow }) => ({
		height: 40 * tenants.length,
		data: { values },
		encoding: { y: { ...y, axis: { labelLimit: narrow ? 80 : 130 } }, order },
		layer: [
			{
				mark: { type: 'bar', height: 28 },
				encoding: {
					x: {
						...part,
						title: 'share of the tenant’s images',
						axis: { labelExpr: percentLabel, values: narrow ? [0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1] },
					},
					color: { field: 'colour', type: 'nominal', scale: null },
				},
			},
			{
				mark: { type: 'text' },
				encoding: {
					x: { ...part, bandPosition: 0.5 },
					detail: { field: 'order', type: 'nominal' },
					text: {
						condition: {
							test: `datum.part >= ${narrow ? writtenPartMin.narrow : writtenPartMin.broad}`,
							field: 'text',
						},
						value: '',
					},
					color: { field: 'ink', type: 'nominal', scale: null },
				},
			},
		],
	});
}
