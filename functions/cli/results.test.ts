import { expect, test } from 'vitest';
import { csvLine, jsonLine, plainLine } from './results.ts';

const policies = ['p0'];
const digest = `sha256:${'5'.repeat(64)}`;
const run = { batchId: '20261124T113012123Z-1f2e3d4c', model: 'pets', digest };

test('a line for people is one line, and no key of a tenant reaches the terminal as a command', () => {
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

test('each line names the package that made the label, and of a batch that was given up what its report says', () => {
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
