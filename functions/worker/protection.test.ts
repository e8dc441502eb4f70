import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { limits } from '../core/limits.ts';
import { createProtection, protectedSecondsMax } from './protection.ts';

let agent: Server | undefined;
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => {
	vi.useRealTimers();
	agent?.close();
});

/** Emits `told` after each call. */
async function startAgent(
	status: number,
	calls: string[] = [],
	said = '{"protection":{"ProtectionEnabled":true}}',
): Promise<string> {
	agent = createServer(async (request, response) => {
		const { ProtectionEnabled } = JSON.parse(await text(request));
		calls.push(`${request.method} ${request.url} ${ProtectionEnabled}`);
		response.writeHead(status).end(said);
		agent?.emit('told');
	}).listen(0, '127.0.0.1');
	await once(agent, 'listening');
	return `http://127.0.0.1:${(agent.address() as AddressInfo).port}/api/task`;
}

const toldOnce = () => once(agent as Server, 'told');
const pass = (seconds: number) => vi.advanceTimersByTime(seconds * 1000);
const put = 'PUT /api/task/task-protection/v1/state';

test('work that is over within the grace asks for no protection', async () => {
	const calls: string[] = [];
	const protection = createProtection(await startAgent(200, calls), () => undefined);
	const work = async () => {
		pass(limits.unprotectedSeconds - 1);
		return 'done';
	};
	expect(await protection.during(work)).toBe('done');
	pass(limits.unprotectedSeconds);
	expect(calls).toEqual([]);
});

test('longer work is protected until its end, also when it fails', async () => {
	const calls: string[] = [];
	const protection = createProtection(await startAgent(200, calls), () => undefined);
	const work = async () => {
		const told = toldOnce();
		pass(limits.unprotectedSeconds);
		await told;
		calls.push('work');
		throw new Error('poison');
	};
	await expect(protection.during(work)).rejects.toThrow('poison');
	expect(calls).toEqual([`${put} true`, 'work', `${put} false`]);
});

test('when several run at once, the protection ends with the last', async () => {
	const calls: string[] = [];
	const protection = createProtection(await startAgent(200, calls), () => undefined);
	const first = Promise.withResolvers<void>();
	const second = Promise.withResolvers<void>();
	const both = [first, second].map(({ promise }) => protection.during(() => promise));
	const told = toldOnce();
	pass(limits.unprotectedSeconds);
	await told;
	first.resolve();
	await both[0];
	second.resolve();
	await both[1];
	expect(calls).toEqual([`${put} true`, `${put} true`, `${put} false`]);
});

test('however long batches overlap, there comes a moment without protection', async () => {
	const calls: string[] = [];
	const protection = createProtection(await startAgent(200, calls), () => undefined);
	const first = Promise.withResolvers<void>();
	const both = [protection.during(() => first.promise)];
	const told = toldOnce();
	pass(limits.unprotectedSeconds);
	await told;
	pass(protectedSecondsMax);
	both.push(protection.during(async () => void calls.push('second')));
	first.resolve();
	await Promise.all(both);
	expect(calls).toEqual([`${put} true`, `${put} false`, 'second']);
});

test('work that waits for a moment without protection is refused when its worker stops', async () => {
	const protection = createProtection(await startAgent(200), () => undefined);
	const long = Promise.withResolvers<void>();
	const running = protection.during(() => long.promise);
	const told = toldOnce();
	pass(limits.unprotectedSeconds);
	await told;
	pass(protectedSecondsMax);
	const waiting = protection.during(async () => undefined);
	protection.end();
	await expect(waiting).rejects.toMatchObject({ code: 'unavailable' });
	long.resolve();
	await running;
});

test.each([
	['with its status', 503, 'no agent', '503: no agent'],
	[
		'in what it says',
		200,
		'{"failure":{"Reason":"DEPLOYMENT_BLOCKED","Detail":null}}',
		'DEPLOYMENT_BLOCKED: no detail',
	],
])('an agent that refuses %s is logged, and the work is done', async (_, status, said, error) => {
	const logged: unknown[] = [];
	const agentUri = await startAgent(status, [], said);
	const protection = createProtection(agentUri, (level, message, fields) => void logged.push([level, message, fields]));
	const work = async () => {
		pass(limits.unprotectedSeconds);
		return 'done';
	};
	expect(await protection.during(work)).toBe('done');
	const message = 'the protection of this task could not be changed';
	expect(logged).toEqual([true, false].map((ProtectionEnabled) => ['warn', message, { ProtectionEnabled, error }]));
});

test('outside ECS, work runs without protection', async () => {
	const protection = createProtection(undefined, () => undefined);
	expect(await protection.during(async () => 'done')).toBe('done');
});
