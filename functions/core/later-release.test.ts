import { expect, test } from 'vitest';
import { alertSchema } from './alert.ts';
import { batchSchema, mintBatchId } from './batch.ts';
import { dropRecordSchema } from './drop.ts';
import { batchMessageSchema, deadBatchMessageSchema, reportMessageSchema, resumeMessageSchema } from './message.ts';
import { outcomeSchema, runFactsSchema } from './outcome.ts';
import { noPrice } from './price.ts';
import { ridOf } from './testing/ledger-model.ts';

/*
 * This release reads what a later one writes: workers, functions and command line are not all replaced at once, and a
 * deployment may be rolled back.
 */
const ref = { batchId: mintBatchId(Date.UTC(2026, 10, 24), '00000001'), tenant: 'acme' };
const run = { v: 1, ...ref, rid: ridOf(1), period: '2026-11', price: noPrice, images: 2, budgetMacs: 9 };
const plan = {
	plannedMs: 0,
	quotaRevision: 1,
	pacing: 'thrifty',
	basis: 'oracle',
	expectedLeft: 2,
	keptFor: 0,
	availableNanoUsd: 5,
	reason: 'whim',
	since: 'a later release',
};
const model = { name: 'm', digest: `sha256:${'0'.repeat(64)}`, signedBy: 'somebody' };
const facts = {
	...run,
	model: 'm',
	consumedMacs: 9,
	labelled: 2,
	failed: 0,
	billedNanoUsd: 30,
	provider: 'tpu',
	startedMs: 0,
	elapsedMs: 1,
};
const reservation = { rid: ridOf(1), period: '2026-11' };
const item = { ...ref, createdMs: 0, state: 'sent', reservations: [reservation] };
const alert = { tenant: 'acme', period: '2026-11', kind: 'thrift-began', quotaRevision: 1, atMs: 0 };

test.each([
	['a batch message', batchMessageSchema, { ...run, model, plan, deadlineMs: 1 }],
	['facts', runFactsSchema, { ...facts, plan }],
	["a batch's item", batchSchema, { ...item, state: 'deferred', reason: 'reason-of-tomorrow' }],
	['an alert', alertSchema, alert],
	[
		'a record of a drop',
		dropRecordSchema,
		{ v: 1, tenant: 'acme', prefix: 'acme/', images: 2, closedMs: 0, doneMs: 1 },
	],
	['a message to the settler', reportMessageSchema, { v: 1, ...ref }],
	['a message to the planner', resumeMessageSchema, { v: 1, ...ref }],
] as const)('%s of a later release is read, except what is new in it', (_, schema, written) => {
	const read = schema.parse({ ...written, unheardOf: { of: 1 } });
	expect(written).toMatchObject(read);
	expect(read).not.toHaveProperty('unheardOf');
	expect(schema.safeParse({ ...written, tenant: '../x' }).success).toBe(false);
});

test.each([
	{ status: 'labelled', label: 'cat', confidence: 1, policies: ['p0'], macs: 1 },
	{ status: 'failed', reason: 'deleted', detail: 'gone' },
	{ status: 'failed', reason: 'reason-of-tomorrow', detail: 'why not' },
])('an outcome of a later release is read, except what is new in it: $status', (said) => {
	const written = { v: 1, key: 'acme/a.png', version: 'e1', ...said };
	expect(outcomeSchema.parse({ ...written, unheardOf: 1 })).toEqual(written);
});

test('a reservation that a later release noted is read, except what is new in it: its money can be settled', () => {
	const read = batchSchema.parse({ ...item, reservations: [{ ...reservation, unheardOf: 1 }] });
	expect(read.reservations).toEqual([reservation]);
});

test('no more of a dead letter is read than ending its batch takes', () => {
	const letter = { v: 1, ...ref, deadlineMs: 7, model: 'changed beyond recognition' };
	expect(deadBatchMessageSchema.parse(letter)).toEqual({ v: 1, ...ref, deadlineMs: 7 });
});

test('another version has another meaning, and is refused', () => {
	expect(batchMessageSchema.safeParse({ ...run, model, deadlineMs: 1, v: 2 }).success).toBe(false);
});
