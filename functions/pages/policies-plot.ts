import type { DemoPage } from './demo-data.ts';
import type { Html } from './html.ts';
import { colours, policyColour, swatch, textOnPolicy } from './palette.ts';
import { type Figure, figure } from './plot.ts';
import { percent } from './words.ts';

/** A smaller part has no room for its figure. */
const writtenPartMin = 0.1;

/** Which policy labelled each tenant's images, and how many have no label. */
export function policiesPlot(data: DemoPage): Promise<Html> {
	const policies = data.card.policies.map(({ id }, i) => ({ swatch: swatch(policyColour(i)), text: id }));
	return figure({
		title: 'Which policy gave the label',
		caption: 'With less money, more images stop at a cheap policy; what a quota cannot pay even there waits, deferred.',
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
		const row = (order: number, pieces: number, colour: string, ink: string) => {
			const part = pieces / Math.max(images, 1);
			return { tenant, order, part, colour, ink, text: part < writtenPartMin ? '' : percent(part, 0) };
		};
		const labels = card.policies.map(({ id }, i) => {
			const pieces = mine.reduce((sum, batch) => sum + (batch.policies[id]?.labels ?? 0), 0);
			return row(i, pieces, policyColour(i), textOnPolicy(i, card.policies.length));
		});
		const { length } = labels;
		return [
			...labels,
			row(length, failed, colours.failed, colours.paper),
			row(length + 1, deferred, colours.deferred, colours.ink),
		];
	});
	const y = { field: 'tenant', type: 'nominal', title: null, sort: null };
	const part = { field: 'part', type: 'quantitative', stack: 'zero', scale: { domain: [0, 1] } };
	const order = { field: 'order', type: 'quantitative' };
	return ({ narrow }) => ({
		height: { step: 40 },
		data: { values },
		encoding: { y: { ...y, axis: { labelLimit: narrow ? 80 : 130 } }, order },
		layer: [
			{
				mark: { type: 'bar', height: 28 },
				encoding: {
					x: { ...part, title: 'part of the tenant’s images', axis: { format: '.0%', tickCount: narrow ? 4 : 5 } },
					color: { field: 'colour', type: 'nominal', scale: null },
				},
			},
			{
				mark: { type: 'text' },
				encoding: {
					x: { ...part, bandPosition: 0.5 },
					detail: { field: 'order', type: 'nominal' },
					text: { field: 'text' },
					color: { field: 'ink', type: 'nominal', scale: null },
				},
			},
		],
	});
}
