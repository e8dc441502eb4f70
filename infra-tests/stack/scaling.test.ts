import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, expect, test } from 'vitest';
import { alarmValue, type Known, workersAt } from './alarm-math.ts';
import { synthesise, synthTimeoutMs } from './synthesise.ts';

const templates = {} as Record<'cpu' | 'gpu' | 'many', Template>;
beforeAll(() => {
	templates.cpu = synthesise({});
	templates.gpu = synthesise({ workers: 'gpu' });
	templates.many = synthesise({ workersMax: 100, cpu: { batchesPerWorker: 1 } });
}, synthTimeoutMs);

/** The number of workers that the service is set to; undefined: it stays as it is. */
function workersFor(template: Template, known: Known): number | undefined {
	const above = alarmValue(template, 'budgetnet-workers-wanted', known) - 1;
	return above >= 0 ? workersAt(template, 'budgetnet-by-backlog', above) : undefined;
}

const queue = (waiting: number, running: number, oldestMinutes: number): Known => ({
	ApproximateNumberOfMessagesVisible: waiting,
	ApproximateNumberOfMessagesNotVisible: running,
	ApproximateAgeOfOldestMessage: 60 * oldestMinutes,
});

test.each([
	['cpu', 'the first batch', queue(1, 0, 0), 1],
	['cpu', 'a lone drop of 2,048 images', queue(4, 0, 1), 1],
	['cpu', 'as many batches as a worker finishes while another one starts', queue(29, 3, 1), 1],
	['cpu', 'one more', queue(30, 3, 1), 2],
	['cpu', 'a drop of a million images', queue(1954, 0, 0), 4],
	['cpu', 'one batch that runs for long', queue(0, 1, 25), 1],
	['cpu', 'three that run for long, with none behind them', queue(0, 3, 25), 1],
	['cpu', 'twelve that are so heavy that minutes pass', queue(9, 3, 6), 4],
	['gpu', 'the first batch', queue(1, 0, 0), 1],
	['gpu', 'a lone drop of 2,048 images that waits while an instance starts', queue(4, 0, 10), 1],
	['gpu', 'one image of each of 250 tenants, piled up while an instance starts', queue(250, 0, 6), 1],
	['gpu', 'a drop of a million images', queue(1954, 0, 0), 4],
	['gpu', 'twelve that are so heavy that a quarter of an hour passes', queue(9, 3, 16), 4],
] as const)('%s workers: %s', (kind, _, known, workers) => {
	expect(workersFor(templates[kind], known)).toBe(workers);
});

test('workers start even while SQS has not yet said how old the oldest batch is, or whether any runs', () => {
	expect(workersFor(templates.cpu, { ApproximateNumberOfMessagesVisible: 40 })).toBe(2);
});

test('an idle queue starts no workers', () => {
	expect(workersFor(templates.cpu, queue(0, 0, 0))).toBeUndefined();
});

test.each([1, 7, 99, 100, 5000])(
	'with one batch a worker, %i batches never start more workers than there are, nor than the bound',
	(batches) => {
		const workers = workersFor(templates.many, queue(batches, 0, 60)) as number;
		expect(workers).toBeLessThanOrEqual(Math.min(batches, 100));
		expect(workers).toBeGreaterThanOrEqual(Math.min(batches, 100) / 1.3);
	},
);
