import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fullMacs, policyMacs } from '../core/package.ts';
import { cardFor } from '../core/testing/card.ts';
import { temporaryFolder } from '../onnx/testing/packages.ts';
import { leastShare, sealPackage } from './seal.ts';
import { budgetMacsOf } from './trial.ts';

test('the first share of the curve pays for the cheapest policy for every image of a batch, and little more', () => {
	const sizes = fc.record({
		cheap: fc.integer({ min: 1e6, max: 5e7 }),
		more: fc.integer({ min: 1, max: 2e9 }),
		images: fc.integer({ min: 1, max: 2048 }),
	});
	fc.assert(
		fc.property(sizes, ({ cheap, more, images }) => {
			const card = cardFor([cheap, cheap + more]);
			const share = leastShare(card);
			expect(budgetMacsOf({ card, share }, images)).toBeGreaterThanOrEqual(images * policyMacs(card, 0));
			expect(share - policyMacs(card, 0) / fullMacs(card)).toBeLessThan(1e-5 + 1e-9);
		}),
		{ examples: [[{ cheap: 12_299_999, more: 87_700_001, images: 7 }]] },
	);
});

test.each<[string, object | undefined, RegExp]>([
	['is not there', undefined, /draft.json is not there.*fit_agent/],
	['has no agent', { agent: undefined }, /draft.json is invalid: agent: .*run budgetnet.fit_agent first/],
	['has no results', { results: undefined }, /draft.json is invalid: results: /],
	['is of another name', { name: 'other' }, /draft.json: expected name budgetnet-onnx-.*found other/],
])('a draft that %s is refused', async (_, change, message) => {
	const folder = await temporaryFolder();
	const { curve, digest, ...card } = cardFor([1000, 2000]);
	const draft = { ...card, name: basename(folder).toLowerCase(), ...change };
	if (change) await writeFile(join(folder, 'draft.json'), JSON.stringify(draft));
	await expect(sealPackage(folder, folder)).rejects.toThrow(
		expect.objectContaining({ code: 'invalid', message: expect.stringMatching(message) }),
	);
});
