import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BatchRef, objectKeys } from '../core/batch.ts';
import { limits } from '../core/limits.ts';
import type { Outcome, RunFacts } from '../core/outcome.ts';
import { reportOf } from '../core/report.ts';
import { batchIdOf, ridOf } from '../core/testing/ledger-model.ts';
import { openBucket } from './bucket.ts';
import { createOutcomes, outcomesBytesMax } from './outcomes.ts';
import { oddKeys } from './testing/odd-keys.ts';
import { startAnswering } from './testing/start-answering.ts';
import { startClients } from './testing/start-clients.ts';

const clients = await startClients();
const results = openBucket(clients.s3, 'results');
const outcomes = createOutcomes(results);
afterAll(() => clients.close());
beforeAll(() => clients.createBucket('results'));

const ref = (n: number, tenant = 'acme'): BatchRef => ({ tenant, batchId: batchIdOf(n) });
const rows: Outcome[] = oddKeys.map((key, i) =>
	i % 2 === 0
		? { v: 1, key, version: 'v1', status: 'labelled', label: 'Käse', confidence: 0.5, policies: ['p0'], macs: 7 }
		: { v: 1, key, version: 'v1', status: 'failed', reason: 'deleted', detail: 'line\nbreak' },
);

function factsOf(batch: BatchRef, rid: string, rest: Partial<RunFacts> = {}): RunFacts {
	return {
		v: 1,
		...batch,
		rid,
		period: '2026-11',
		model: 'cifar-resnet',
		budgetMacs: 100,
		consumedMacs: 35,
		price: { version: 'embedded-1', nanoUsdPerTmac: 300_000, nanoUsdPerImage: 5 },
		images: rows.length,
		labelled: 5,
		failed: 4,
		billedNanoUsd: 46,
		provider: 'cpu',
		startedMs: 1,
		elapsedMs: 2,
		...rest,
	};
}

test('outcomes and the facts of their run are read back as committed', async () => {
	const facts = factsOf(ref(1), ridOf(1));
	expect(await outcomes.commit(ref(1), facts, rows)).toBe('committed');
	expect(await outcomes.facts(ref(1))).toEqual(facts);
	expect(await outcomes.read(ref(1))).toEqual({ facts, outcomes: rows });
});

test('facts beyond ASCII survive the headers', async () => {
	const facts = factsOf(ref(2), ridOf(1), { model: 'modèle 日本 🐱' });
	await outcomes.commit(ref(2), facts, rows);
	expect(await outcomes.facts(ref(2))).toEqual(facts);
});

test('of 50 attempts one commits, and it is the one that is read', async () => {
	const attempt = (n: number) => outcomes.commit(ref(3), factsOf(ref(3), ridOf(n), { elapsedMs: n }), rows);
	const results = await Promise.all(Array.from({ length: 50 }, (_, n) => attempt(n)));
	expect(results.filter((result) => result === 'committed')).toHaveLength(1);
	const winner = results.indexOf('committed');
	expect(await outcomes.facts(ref(3))).toMatchObject({ rid: ridOf(winner), elapsedMs: winner });
	expect(await attempt(winner)).toBe('exists');
});

test('outcomes that do not exist are reported as missing', async () => {
	expect(await outcomes.facts(ref(4))).toBeUndefined();
	expect(await outcomes.read(ref(4))).toBeUndefined();
	expect(await outcomes.list('nobody')).toEqual([]);
});

test('facts too long for the metadata are refused before anything is written', async () => {
	const facts = factsOf(ref(5), ridOf(1), { model: 'm'.repeat(2048) });
	await expect(outcomes.commit(ref(5), facts, rows)).rejects.toMatchObject({ code: 'invalid' });
	expect(await outcomes.facts(ref(5))).toBeUndefined();
});

test('what no reader would accept is not written, because nobody could ever settle it', async () => {
	const facts = factsOf(ref(80), ridOf(1));
	await expect(outcomes.commit(ref(80), { ...facts, elapsedMs: -1 }, rows)).rejects.toMatchObject({ code: 'invalid' });
	const odd = rows.map((row) => ({ ...row, entry: '' }));
	await expect(outcomes.commit(ref(80), facts, odd)).rejects.toMatchObject({ code: 'invalid' });
	expect(await outcomes.facts(ref(80))).toBeUndefined();
	expect(await outcomes.commit(ref(80), facts, rows)).toBe('committed');
});

test('the longest facts that today’s schemas allow fit', async () => {
	const facts = factsOf(ref(6), ridOf(1), {
		tenant: 't'.repeat(limits.tenantCharactersMax),
		run: 'r'.repeat(32),
		model: 'm'.repeat(64),
		price: { version: 'p'.repeat(64), nanoUsdPerTmac: 2 ** 53 - 1, nanoUsdPerImage: 2 ** 53 - 1 },
		budgetMacs: 2 ** 53 - 1,
		consumedMacs: 2 ** 53 - 1,
		billedNanoUsd: 2 ** 53 - 1,
		startedMs: 2 ** 53 - 1,
		elapsedMs: 2 ** 53 - 1,
	});
	const named = { batchId: facts.batchId, tenant: facts.tenant };
	expect(await outcomes.commit(named, facts, rows)).toBe('committed');
	expect(await outcomes.facts(named)).toEqual(facts);
});

test('an object that is not what it claims to be is refused', async () => {
	const write = (n: number, text: string, facts: RunFacts) =>
		results.putText(objectKeys.outcomes(ref(n)), text, 'application/jsonl', {
			metadata: { facts: JSON.stringify(facts) },
		});
	const line = `${JSON.stringify(rows[0])}\n`;
	await write(7, line, factsOf(ref(8), ridOf(1), { images: 1 }));
	await expect(outcomes.facts(ref(7))).rejects.toMatchObject({ code: 'invalid' });
	await write(8, line, factsOf(ref(8), ridOf(1), { images: 2 }));
	await expect(outcomes.read(ref(8))).rejects.toMatchObject({ code: 'invalid' });
	await write(9, '{"v":1}\n', factsOf(ref(9), ridOf(1), { images: 1 }));
	await expect(outcomes.read(ref(9))).rejects.toMatchObject({ code: 'invalid' });
});

test('a commit must match the batch and the rows that its facts name', async () => {
	const facts = factsOf(ref(10), ridOf(1));
	await expect(outcomes.commit(ref(11), facts, rows)).rejects.toMatchObject({ code: 'internal' });
	await expect(outcomes.commit(ref(10), facts, rows.slice(1))).rejects.toMatchObject({ code: 'internal' });
	expect(await outcomes.facts(ref(10))).toBeUndefined();
});

test('reports can be written again, and are read back as one line each', async () => {
	const report = reportOf(factsOf(ref(12), ridOf(1)), rows);
	await outcomes.putReport(ref(12), report);
	await outcomes.putReport(ref(12), report);
	const lines = (await results.getText(objectKeys.report(ref(12)), 10_000))?.text.split('\n') ?? [];
	expect(lines.map((line) => line && JSON.parse(line))).toEqual([report, '']); // as loaders of JSON lines want it
});

test('a tenant’s outcomes are listed, the oldest first, and nobody else’s', async () => {
	for (const n of [22, 20, 21]) await outcomes.commit(ref(n, 'glo'), factsOf(ref(n, 'glo'), ridOf(1)), rows);
	await outcomes.commit(ref(23, 'globex'), factsOf(ref(23, 'globex'), ridOf(1)), rows);
	await outcomes.putReport(ref(24, 'glo'), reportOf(factsOf(ref(24, 'glo'), ridOf(1)), rows));
	expect(await outcomes.list('glo')).toEqual([ref(20, 'glo'), ref(21, 'glo'), ref(22, 'glo')]);
});

test('outcomes of a day and later are listed without those of the days before', async () => {
	const days = ['20261123', '20261124', '20261125'].map((day) => `${day}T235959999Z-1f2e3d4c`);
	const refs = days.map((batchId) => ({ tenant: 'steady', batchId }));
	for (const each of refs) await outcomes.commit(each, factsOf(each, ridOf(1)), rows);
	expect(await outcomes.list('steady', '2026-11-23')).toEqual(refs);
	expect(await outcomes.list('steady', '2026-11-24')).toEqual(refs.slice(1));
	expect(await outcomes.list('steady', '2026-11-26')).toEqual([]);
	expect(await outcomes.list('steady', undefined, '2026-11-23')).toEqual(refs.slice(0, 1));
	expect(await outcomes.list('steady', '2026-11-24', '2026-11-24')).toEqual(refs.slice(1, 2));
});

const conflictOf = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`;
const conflict = conflictOf('ConditionalRequestConflict');

test.each([conflict, conflictOf('OperationAborted')])(
	'a write that conflicts with another is retried with longer waits: %s',
	async (answer) => {
		const waitsMs: number[] = [];
		const wait = async (ms: number) => void waitsMs.push(ms);
		let conflicts = 5;
		await using server = await startAnswering((request, response) => {
			request
				.resume()
				.on('end', () => response.writeHead(conflicts-- > 0 ? 409 : 200).end(conflicts >= 0 ? answer : ''));
		});
		const result = await createOutcomes(openBucket(server.s3, 'results', wait)).commit(
			ref(30),
			factsOf(ref(30), ridOf(1)),
			rows,
		);
		expect(result).toBe('committed');
		expect(server.requests.map(({ headers }) => headers['if-none-match'])).toEqual(Array(6).fill('*'));
		expect(waitsMs).toHaveLength(5);
		for (const [i, ms] of waitsMs.entries()) expect(ms).toBeLessThanOrEqual(500 * 2 ** i);
	},
);

test('a write whose conflicts do not end gives up', async () => {
	await using server = await startAnswering((request, response) => {
		request.resume().on('end', () => response.writeHead(409).end(conflict));
	});
	const noWait = async () => undefined;
	const commit = createOutcomes(openBucket(server.s3, 'results', noWait)).commit(
		ref(31),
		factsOf(ref(31), ridOf(1)),
		rows,
	);
	await expect(commit).rejects.toMatchObject({ code: 'unavailable' });
});

test('outcomes may be as long as allowed, and not a byte longer', async () => {
	const labelled = (label: string): Outcome[] => [
		{ v: 1, key: 'acme/a', version: 'v1', status: 'labelled', label, confidence: 1, policies: ['p0'], macs: 1 },
	];
	const room = outcomesBytesMax - JSON.stringify(labelled('')[0]).length - 1;
	const facts = (n: number) => factsOf(ref(n), ridOf(1), { images: 1, labelled: 1, failed: 0 });
	await expect(outcomes.commit(ref(90), facts(90), labelled('x'.repeat(room + 1)))).rejects.toMatchObject({
		code: 'invalid',
		message: expect.stringContaining(String(outcomesBytesMax)),
	});
	expect(await outcomes.facts(ref(90))).toBeUndefined();
	expect(await outcomes.commit(ref(91), facts(91), labelled('x'.repeat(room)))).toBe('committed');
});
