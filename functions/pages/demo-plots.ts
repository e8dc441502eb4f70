import { fullPolicy } from '../core/package.ts';
import type { DemoPage } from './demo-page.ts';
import { figure, policyColours } from './plot.ts';

const width = 520;
const height = 300;

/** Accuracy against compute: the model's curve, its policies alone, and where the tenants came out. */
export function accuracyPlot({ card, tenants }: DemoPage): Promise<string> {
	const fullMacs = fullPolicy(card).macs;
	const curve = card.curve.map(({ macs, accuracy }) => ({ macs: macs / 1e6, accuracy }));
	const alone = card.policies.map(({ macs }, i) => ({ macs: macs / 1e6, accuracy: card.results.holdout[i] ?? 0 }));
	const points = tenants
		.filter(({ labelled }) => labelled > 0)
		.map(({ tenant, accuracy, share, labelled }) => {
			const deviation = 1.96 * Math.sqrt((accuracy * (1 - accuracy)) / labelled);
			return {
				tenant,
				macs: (share * fullMacs) / 1e6,
				accuracy,
				low: accuracy - deviation,
				high: Math.min(1, accuracy + deviation),
			};
		});
	const x = { field: 'macs', type: 'quantitative', title: 'million MACs an image' };
	const y = {
		field: 'accuracy',
		type: 'quantitative',
		title: 'accuracy',
		scale: { zero: false },
		axis: { format: '.0%' },
	};
	return figure(
		'Accuracy against compute',
		'The line is what the gate reached on held-out images, the crosses are single policies; the points are the tenants, with 95 % intervals.',
		{
			width,
			height,
			layer: [
				{ data: { values: curve }, mark: { type: 'line', color: '#5f2a6b', strokeWidth: 2 }, encoding: { x, y } },
				{
					data: { values: alone },
					mark: { type: 'point', shape: 'cross', color: '#8a8a85', filled: true, size: 50 },
					encoding: { x, y },
				},
				{
					data: { values: points },
					mark: { type: 'rule', color: '#0b7285' },
					encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } },
				},
				{
					data: { values: points },
					mark: { type: 'point', filled: true, color: '#0b7285', size: 90, opacity: 1 },
					encoding: { x, y },
				},
				{
					data: { values: points },
					mark: { type: 'text', dx: 8, dy: 14, align: 'left', color: '#0b7285', fontSize: 12 },
					encoding: { x, y, text: { field: 'tenant' } },
				},
			],
		},
	);
}

/** Which policy labelled each tenant's images. */
export function policiesPlot({ card, tenants, batches }: DemoPage): Promise<string> {
	const ids = card.policies.map(({ id }) => id);
	const values = tenants.flatMap(({ tenant, images, deferred, failed }) => {
		const mine = batches.filter((batch) => batch.tenant === tenant);
		const labels = (id: string) => mine.reduce((sum, batch) => sum + (batch.policies[id]?.labels ?? 0), 0);
		const rows = ids.map((id, order) => ({ tenant, policy: id, part: labels(id) / images, order }));
		return [
			...rows,
			{ tenant, policy: 'failed', part: failed / images, order: 90 },
			{ tenant, policy: 'deferred', part: deferred / images, order: 91 },
		];
	});
	return figure(
		'Which policy gave the label',
		'With less money, more images stop at a cheap policy; what the quota cannot pay even there waits.',
		{
			width,
			height: 170,
			data: { values },
			mark: { type: 'bar' },
			encoding: {
				y: { field: 'tenant', type: 'nominal', title: null, sort: null },
				x: {
					field: 'part',
					type: 'quantitative',
					title: 'part of the tenant’s images',
					axis: { format: '.0%' },
					scale: { domain: [0, 1] },
				},
				order: { field: 'order' },
				color: {
					field: 'policy',
					type: 'nominal',
					title: 'policy',
					sort: null,
					scale: {
						domain: [...ids, 'failed', 'deferred'],
						range: [...policyColours(ids.length), '#1b1b1b', '#d9d9d6'],
					},
				},
			},
		},
	);
}

/** Which blocks each policy runs, and how wide. */
export function blocksPlot({ card }: DemoPage): Promise<string> {
	const full = fullPolicy(card).widths;
	const values = card.policies.flatMap(({ id, macs, widths }) =>
		widths.map((active, block) => ({
			policy: `${id} · ${(macs / 1e6).toFixed(0)} M`,
			block: `block ${block + 1}`,
			part: active / (full[block] ?? 1),
			text: active === 0 ? 'skipped' : String(active),
		})),
	);
	const axes = {
		x: { field: 'block', type: 'nominal', title: null, sort: null, axis: { labelAngle: 0, orient: 'top' } },
		y: { field: 'policy', type: 'nominal', title: null, sort: null },
	};
	return figure(
		'Blocks and widths that each policy runs',
		'The number is the block’s inner width. All policies share one set of weights: a narrow one is the front part of a wide one.',
		{
			width,
			height: 210,
			data: { values },
			layer: [
				{
					mark: { type: 'rect', stroke: '#fff' },
					encoding: {
						...axes,
						color: {
							field: 'part',
							type: 'quantitative',
							legend: null,
							scale: { domain: [0, 1], range: ['#f4f4f1', '#0b7285'] },
						},
					},
				},
				{
					mark: { type: 'text', fontSize: 12 },
					encoding: {
						...axes,
						text: { field: 'text' },
						color: { condition: { test: 'datum.part > 0.55', value: '#fff' }, value: '#3b3b38' },
					},
				},
			],
		},
	);
}

/** Budget and consumption of every batch. */
export function budgetPlot({ batches }: DemoPage): Promise<string> {
	const places = new Map<string, number>();
	const values = batches.map(({ tenant, images, budgetMacs, consumedMacs }) => {
		const place = (places.get(tenant) ?? 0) + 1;
		places.set(tenant, place);
		return {
			batch: `${tenant} ${place}`,
			budget: budgetMacs / images / 1e6,
			consumed: consumedMacs / images / 1e6,
		};
	});
	const y = { field: 'batch', type: 'nominal', sort: null, title: null };
	const title = 'million MACs an image';
	return figure(
		'Budget and consumption, batch by batch',
		'Bars: MACs consumed an image; ticks: the hard budget. No bar passes its tick.',
		{
			width,
			height: { step: 16 },
			data: { values },
			layer: [
				{
					mark: { type: 'bar', color: '#7fb7c2' },
					encoding: { y, x: { field: 'consumed', type: 'quantitative', title } },
				},
				{
					mark: { type: 'tick', color: '#1b1b1b', thickness: 2, size: 15 },
					encoding: { y, x: { field: 'budget', type: 'quantitative' } },
				},
			],
		},
	);
}

/** What each tenant spent of its limit. */
export function moneyPlot({ tenants }: DemoPage): Promise<string> {
	const values = tenants.map(({ tenant, limitNanoUsd, spentNanoUsd }) => ({
		tenant,
		limit: limitNanoUsd / 1000,
		spent: spentNanoUsd / 1000,
	}));
	const y = { field: 'tenant', type: 'nominal', sort: null, title: null };
	return figure('Money', 'Bars: spent; ticks: the quota’s limit.', {
		width,
		height: 150,
		data: { values },
		layer: [
			{
				mark: { type: 'bar', color: '#7fb7c2', height: 22 },
				encoding: { y, x: { field: 'spent', type: 'quantitative', title: 'millionths of a dollar' } },
			},
			{
				mark: { type: 'tick', color: '#1b1b1b', thickness: 2, size: 30 },
				encoding: { y, x: { field: 'limit', type: 'quantitative' } },
			},
		],
	});
}
