import { expect, test } from 'vitest';
import { BudgetNetError } from '../core/errors.ts';
import type { Connection } from './connect.ts';
import { exitCodes } from './exit-codes.ts';
import { csvLine, jsonLine, linesOf, plainLine } from './results.ts';
import { toldOf } from './testing/told-of.ts';

const policies = ['p0'];
const digest = `sha256:${'5'.repeat(64)}`;
const run = { batchId: '20261124T113012123Z-1f2e3d4c', model: 'pets', digest };

test('a line for people is a single line, and no key of a tenant reaches the terminal as a command', () => {
	const named = {
		v: 1,
		version: 'e1',
		key: 'acme/\u001b]0;owned\u0007\u009b2Jcat.png',
		entry: 'a.png: dog (1)\nacme/b.png',
	} as const;
	const labelled = { status: 'labelled', label: 'cat', confidence: 0.9, macs: 1 } as const;
	expect(plainLine({ ...named, ...labelled, policies }, run)).toBe(
		'acme/\ufffd]0;owned\ufffd\ufffd2Jcat.png a.png: dog (1)\ufffdacme/b.png: cat (0.9), pets sha256:555555555555',
	);
	expect(plainLine({ v: 1, version: 'e1', key: 'acme/Käse 日本 🐱.png', ...labelled, policies }, run)).toBe(
		'acme/Käse 日本 🐱.png: cat (0.9), pets sha256:555555555555',
	);
});

test('each line names the package that made the label and, for a batch that was given up, the model in its report', () => {
	const named = { v: 1, version: 'e1', key: 'acme/cat.png' } as const;
	const labelled = { ...named, status: 'labelled', label: 'cat', confidence: 0.9, macs: 1, policies } as const;
	expect(JSON.parse(jsonLine(labelled, run))).toEqual({ ...labelled, ...run });
	expect(csvLine(labelled, run)).toBe(
		`${run.batchId},"acme/cat.png","","e1",labelled,"cat",0.9,p0,1,,,"pets",${digest}`,
	);
	const failed = { ...named, status: 'failed', reason: 'given-up', detail: 'dead-letter' } as const;
	const nothing = { batchId: run.batchId, model: 'none' };
	expect(JSON.parse(jsonLine(failed, nothing))).toEqual({ ...failed, ...nothing });
	expect(csvLine(failed, nothing)).toBe(
		`${run.batchId},"acme/cat.png","","e1",failed,,,,,given-up,"dead-letter","none",`,
	);
});

test('outcomes that do not fit are reported, and all others are printed', async () => {
	const read = async ({ batchId }: { batchId: string }) => {
		if (batchId === 'two') throw new BudgetNetError('invalid', 'outcomes/two: line 1\nis odd');
		const failed = { v: 1, version: 'e1', key: `acme/${batchId}`, status: 'failed', reason: 'deleted', detail: 'gone' };
		return { facts: run, outcomes: [failed] };
	};
	const list = async (tenant: string) => ['one', 'two', 'three'].map((batchId) => ({ tenant, batchId }));
	const connection = { outcomes: { read, list } } as unknown as Connection;
	const { result, told, exitCode } = await toldOf(() => Array.fromAsync(linesOf(connection, { tenant: 'acme' })));
	expect(result).toEqual(['acme/one: failed: deleted: gone\n', 'acme/three: failed: deleted: gone\n']);
	expect(told).toBe('budgetnet: left out: outcomes/two: line 1\ufffdis odd\n');
	expect(exitCode).toBe(exitCodes.fault);
	const gone = { outcomes: { list, read: async () => Promise.reject(new BudgetNetError('unavailable', 'away')) } };
	await expect(Array.fromAsync(linesOf(gone as unknown as Connection, { tenant: 'acme' }))).rejects.toThrow('away');
});
