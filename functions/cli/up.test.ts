import { expect, test } from 'vitest';
import { lineOf } from './up.ts';

test('up reports what happens, but not a sweep that found nothing', () => {
	expect(lineOf('info', 'batch planned', { tenant: 'acme', images: 7 })).toBe('batch planned tenant=acme images=7');
	expect(lineOf('info', 'swept', { batchesPutBack: 0, batchesDeferred: 1 })).toBe(
		'swept batchesPutBack=0 batchesDeferred=1',
	);
	expect(lineOf('info', 'swept', { batchesPutBack: 0, batchesDeferred: 0 })).toBeUndefined();
	expect(lineOf('error', 'the sweep failed', { tries: 0 })).toBe('error: the sweep failed tries=0');
});
