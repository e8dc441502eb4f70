import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { isAllowed, resourceStatements, speaksOf } from './decide.ts';
import { type Mutation, mutationsOf } from './mutations.ts';
import { type Policies, readPolicies } from './policies.ts';
import { resolveResources } from './resolve.ts';
import { synthesise, synthTimeoutMs } from './synthesise.ts';
import { parseRequest, type Request } from './what.ts';
import { callers } from './who.ts';

interface Row {
	name: string;
	request: Request;
	/** Callers that are allowed. */
	may: ReadonlySet<string>;
}

const rows: Row[] = readFileSync(join(import.meta.dirname, 'permissions.table'), 'utf8')
	.split('\n')
	.filter((line) => line !== '' && !line.startsWith('#'))
	.map((line) => {
		const [, name = '', who = ''] = /^(.*?) {2,}(.*)$/.exec(line) ?? [];
		return { name, request: parseRequest(name), may: new Set(who === '-' ? [] : who.split(' ')) };
	});

let policies: Policies;
let policiesOnCpu: Policies;
beforeAll(() => {
	const policiesOf = (workers: 'cpu' | 'gpu') =>
		readPolicies(resolveResources(synthesise({ workers }).toJSON().Resources));
	policies = policiesOf('gpu'); // has everything that the other kind has, and GPU instances too
	policiesOnCpu = policiesOf('cpu');
}, synthTimeoutMs);

describe('who may do what', () => {
	test.each(rows.map((row) => [row.name, row] as const))('%s', async (_, { request, may }) => {
		const allowed: string[] = [];
		for (const [name, caller] of Object.entries(callers))
			if (await isAllowed(policies, caller, request)) allowed.push(name);
		expect(allowed).toEqual([...may]);
	});

	test('CPU workers: the same, without the roles of GPU instances', () => {
		const ofGpuOnly = /instance|infrastructure/i;
		for (const side of ['identity', 'resource'] as const) {
			const shared = [...policies[side]].filter(([owner]) => !ofGpuOnly.test(owner));
			expect([...policiesOnCpu[side]]).toEqual(shared);
		}
	});
});

test('no statement can be removed or widened unnoticed: each change flips a cell', async () => {
	const unnoticed: string[] = [];
	let count = 0;
	for (const mutation of mutationsOf(policies)) {
		count += 1;
		if (!(await flipsACell(mutation))) unnoticed.push(mutation.name);
	}
	expect(unnoticed).toEqual([]);
	expect(count).toBeGreaterThan(200);
}, 300_000);

async function flipsACell({ side, owner, statements, actions }: Mutation): Promise<boolean> {
	const mutated = { ...policies, [side]: new Map(policies[side]).set(owner, statements) };
	for (const { request, may } of rows) {
		if (!actions.some((action) => speaksOf(action, request.action))) continue;
		if (side === 'resource' && resourceStatements(mutated, request.resource) !== statements) continue;
		for (const [name, caller] of Object.entries(callers)) {
			if (side === 'identity' && caller.role !== owner) continue;
			if ((await isAllowed(mutated, caller, request)) !== may.has(name)) return true;
		}
	}
	return false;
}
