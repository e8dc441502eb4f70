import { expect, test } from 'vitest';
import type { BatchMessage } from './message.ts';
import type { Outcome } from './outcome.ts';
import { foldOutcomes, reportOf } from './report.ts';

const message: BatchMessage = {
	v: 1,
	batchId: '20261124T113012123Z-1f2e3d4c',
	tenant: 'acme',
	rid: '00000000-0000-4000-8000-000000000001',
	period: '2026-11',
	model: { name: 'cifar-resnet', digest: `sha256:${'0'.repeat(64)}` },
	price: { version: 'test-1', nanoUsdPerTmac: 300_000, nanoUsdPerImage: 5 },
	images: 4,
	budgetMacs: 900_000_000,
	deadlineMs: 1,
};
const measures = { provider: 'cpu', startedMs: 10, elapsedMs: 20 } as const;

function labelled(policies: string[], macs: number): Outcome {
	return { v: 1, key: 'acme/x', version: 'e1', status: 'labelled', label: 'cat', confidence: 0.9, policies, macs };
}
const gone: Outcome = { v: 1, key: 'acme/y', version: 'e1', status: 'failed', reason: 'deleted', detail: 'gone' };

const outcomes = [
	labelled(['p0'], 10_000_000),
	labelled(['p0', 'p2'], 110_000_000),
	labelled(['p2'], 100_000_000),
	gone,
];

test('the bill is the MACs that ran and every image tried, rounded up once', () => {
	const { model: _, deadlineMs: _deadline, ...same } = message;
	expect(foldOutcomes(message, outcomes, measures)).toEqual({
		...same,
		model: 'cifar-resnet',
		digest: message.model.digest,
		consumedMacs: 220_000_000,
		labelled: 3,
		failed: 1,
		billedNanoUsd: 86,
		...measures,
	});
	// 220e6 MACs at 300,000 nano-USD per 1e12 are 66; 4 images at 5 are 20.
});

test('images that all failed cost what trying them costs', () => {
	expect(foldOutcomes({ ...message, images: 2 }, [gone, gone], measures)).toMatchObject({
		consumedMacs: 0,
		images: 2,
		labelled: 0,
		failed: 2,
		billedNanoUsd: 10,
	});
});

test('the report counts runs and labels by policy, and failures by reason', () => {
	const facts = foldOutcomes(message, outcomes, measures);
	expect(reportOf(facts, outcomes)).toEqual({
		...facts,
		policies: { p0: { labels: 1, runs: 2 }, p2: { labels: 2, runs: 2 } },
		failures: { deleted: 1 },
	});
});
