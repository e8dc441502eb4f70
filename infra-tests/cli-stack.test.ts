import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { afterEach, expect, test } from 'vitest';
import { findResources } from '../functions/aws/stack-outputs.ts';
import { BudgetNetError } from '../functions/core/errors.ts';

let server: Server | undefined;
afterEach(() => void server?.close());

const queues = ['ImageEvents', 'Plans', 'Batches', 'BatchesDead', 'Reports'];
const outputs: Record<string, string> = {
	TablePrefix: 'budgetnet',
	ImagesBucket: 'budgetnet-images-111122223333-eu-west-1',
	ResultsBucket: 'budgetnet-results-111122223333-eu-west-1',
	WorkersService: 'budgetnet-workers-cpu',
	...Object.fromEntries(
		queues.map((name) => [`${name}QueueUrl`, `https://sqs.eu-west-1.amazonaws.com/111122223333/${name}`]),
	),
};

/** CloudFormation, as far as DescribeStacks goes. */
async function startCloudFormation(stacks: Record<string, Record<string, string>>): Promise<CloudFormationClient> {
	server = createServer(async (request, response) => {
		const name = new URLSearchParams(await text(request)).get('StackName') ?? '';
		const found = stacks[name];
		response.setHeader('content-type', 'text/xml');
		if (found) response.end(describe(name, found));
		else {
			const code = '<Code>ValidationError</Code>';
			response.statusCode = 400;
			response.end(
				`<ErrorResponse><Error>${code}<Message>Stack with id ${name} does not exist</Message></Error></ErrorResponse>`,
			);
		}
	}).listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address() as AddressInfo;
	const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
	return new CloudFormationClient({ endpoint: `http://127.0.0.1:${port}`, region: 'eu-west-1', credentials });
}

function describe(name: string, values: Record<string, string>): string {
	const members = Object.entries(values).map(
		([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
	);
	return `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>
		<StackName>${name}</StackName><CreationTime>2026-11-24T12:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus>
		<Outputs>${members.join('')}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
}

test('everything of a system is found from the outputs of its stack', async () => {
	const client = await startCloudFormation({ mine: outputs });
	const found = await findResources(client, 'mine');
	expect(found).toMatchObject({ tablePrefix: 'budgetnet', imagesBucket: outputs.ImagesBucket });
	expect(found.plansUrl).toBe(outputs.PlansQueueUrl);
	expect(found.batchesDeadUrl).toBe(outputs.BatchesDeadQueueUrl);
});

test('a stack that is not there is said to be missing, and one of another system which output it lacks', async () => {
	const { ReportsQueueUrl: _, ...fewer } = outputs;
	const client = await startCloudFormation({ another: fewer });
	await expect(findResources(client, 'mine')).rejects.toThrow(
		new BudgetNetError('not-found', 'there is no stack "mine" in this account and region'),
	);
	await expect(findResources(client, 'another')).rejects.toThrow(
		/outputs of stack another does not fit: ReportsQueueUrl/,
	);
});
