import { expect, test } from 'vitest';
import { curvePlot } from './curve-plot.ts';

const row = {
	share: 0.5,
	budgetMacs: 50e6,
	macs: 40e6,
	accuracy: 0.9,
	batch: 512,
	overshootMacs: 0,
	wallShare: null,
};
const methods = [
	'gate',
	'cascade',
	'static-mix',
	'random',
	'oracle',
	'published-thesis',
	'published-msdnet',
	'published-l2w-den',
];

test('the key names every curve and every point that is drawn, in full', async () => {
	const svg = await curvePlot(
		'of a test',
		methods.map((method) => ({ ...row, method })),
	);
	const names = [
		'gate',
		'confidence cascade',
		'static mix of two',
		'the same policies at random',
		'oracle (knows the truth)',
	];
	for (const name of [...names, ...['thesis', 'MSDNet', 'L2W-DEN'].map((of) => `${of} (published, soft)`)])
		expect(svg).toContain(`>${name}</text>`);
	expect(await curvePlot('of a test', [{ ...row, method: 'gate' }])).not.toContain('oracle');
});
