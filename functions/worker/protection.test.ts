import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { createProtection } from './protection.ts';

let agent: Server | undefined;
afterEach(() => void agent?.close());

async function startAgent(
	status: number,
	calls: string[],
	said = '{"protection":{"ProtectionEnabled":true}}',
): Promise<string> {
	agent = createServer(async (request, response) => {
		const { ProtectionEnabled } = JSON.parse(await text(request));
		calls.push(`${request.method} ${request.url} ${ProtectionEnabled}`);
		response.writeHead(status).end(said);
	}).listen(0, '127.0.0.1');
	await once(agent, 'listening');
	return `http://127.0.0.1:${(agent.address() as AddressInfo).port}/api/task`;
}

const put = 'PUT /api/task/task-protection/v1/state';

test('work runs between protection and its end, also when it fails', async () => {
	const calls: string[] = [];
	const protection = createProtection(await startAgent(200, calls), () => undefined);
	await protection.during(async () => void calls.push('work'));
	await expect(protection.during(() => Promise.reject(new Error('poison')))).rejects.toThrow('poison');
	expect(calls).toEqual([`${put} true`, 'work', `${put} false`, `${put} true`, `${put} false`]);
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
	expect(await protection.during(async () => 'done')).toBe('done');
	const message = 'the protection of this task could not be changed';
	expect(logged).toEqual([true, false].map((ProtectionEnabled) => ['warn', message, { ProtectionEnabled, error }]));
});

test('outside ECS work just runs', async () => {
	const protection = createProtection(undefined, () => undefined);
	expect(await protection.during(async () => 'done')).toBe('done');
});
