import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { createClients } from '../../aws/clients.ts';
import { startEmulators } from './start.ts';

const exitTimeoutMs = 20_000;

test('closing ends a long poll, may be repeated, and frees the ports', async () => {
	const emulators = await startEmulators({ notifications: [] });
	const { s3, sqs, dynamodb } = createClients(emulators);
	await sqs.send(new CreateQueueCommand({ QueueName: 'q' }));
	const QueueUrl = `${emulators.sqsEndpoint}/000000000000/q`;
	const polling = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 })).catch(() => undefined);
	const startedMs = performance.now();
	await Promise.all([emulators.close(), emulators.close()]);
	await emulators.close();
	expect(performance.now() - startedMs).toBeLessThan(5_000);
	for (const client of [s3, sqs, dynamodb]) client.destroy();
	await polling;
	for (const endpoint of [emulators.s3Endpoint, emulators.dynamodbEndpoint])
		await expect(fetch(endpoint)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
});

test('a process whose emulators are closed exits by itself', async () => {
	const program = `
		const { startEmulators } = await import(${JSON.stringify(join(import.meta.dirname, 'start.ts'))});
		const emulators = await startEmulators({ notifications: [] });
		await fetch(emulators.s3Endpoint);
		await fetch(emulators.dynamodbEndpoint);
		await emulators.close();
		console.log(process.getActiveResourcesInfo().filter((name) => /TCP|Timeout|Immediate/.test(name)).join());
		process.on('exit', () => console.log('ended'));
	`;
	const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
		timeout: exitTimeoutMs,
	});
	expect((await run).stdout.trim().split('\n').at(-1)).toBe('ended');
});
