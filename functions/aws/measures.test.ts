import { expect, test } from 'vitest';
import { measuresOf } from './measures.ts';

test('a line about a batch that ran holds its images, MACs, times and the used part of its budget', () => {
	const fields = { tenant: 'acme', labelled: 7, failed: 1, consumedMacs: 300, budgetMacs: 400, elapsedMs: 20 };
	const measures = new Map(measuresOf(fields).map(({ name, value, unit }) => [name, `${value} ${unit}`]));
	expect(Object.fromEntries(measures)).toEqual({
		ImagesLabelled: '7 Count',
		ImagesFailed: '1 Count',
		ConsumedMacs: '300 Count',
		BatchTime: '20 Milliseconds',
		BudgetUsed: '75 Percent',
	});
});

test('a budget alone, as the planner logs it, does not count as used, and words are not measures', () => {
	expect(measuresOf({ budgetMacs: 400, images: 3, deferred: 'quota', failed: 'no number' })).toEqual([]);
});

test('zero is a measure', () => {
	expect(measuresOf({ batchesOverdue: 0 })).toEqual([{ name: 'BatchesOverdue', unit: 'Count', value: 0 }]);
});
