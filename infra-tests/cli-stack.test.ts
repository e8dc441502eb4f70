import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findResources } from '../functions/aws/stack-outputs.ts';
import { BudgetNetError } from '../functions/core/errors.ts';
import { expectLines } from './cli-runner.ts';
import { environmentOf } from './environment.ts';
import { startSmallCloud } from './small-cloud.ts';

let server: Server | undefined;
afterEach(() => void server?.close());

const { digest } = JSON.parse(await readFile('models/packages/cifar10-resnet/model.json', 'utf8'));
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
		if (found) response.end(answerOf(name, found));
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

function answerOf(name: string, values: Record<string, string>): string {
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

test('a missing stack is reported as missing, and a stack of another system with the output that it lacks', async () => {
	const { ReportsQueueUrl: _, ...fewer } = outputs;
	const client = await startCloudFormation({ another: fewer, CDKToolkit: { BucketName: 'assets' } });
	await expect(findResources(client, 'mine')).rejects.toThrow(
		new BudgetNetError('not-found', 'there is no stack "mine" in this account and region'),
	);
	await expect(findResources(client, 'another')).rejects.toThrow(
		/output list of stack another is invalid: ReportsQueueUrl: missing, expected string/,
	);
	await expect(findResources(client, 'CDKToolkit')).rejects.toThrow(/^stack "CDKToolkit" is not one of BudgetNet/);
});

describe('a command on a stack', () => {
	let cloud: Awaited<ReturnType<typeof startSmallCloud>>;
	beforeAll(async () => {
		cloud = await startSmallCloud();
	});
	afterAll(() => cloud.close());

	const price = { version: 'fargate-1', nanoUsdPerTmac: 710_000, nanoUsdPerImage: 6_700 };
	const said = {
		ModelPackage: 'cifar10-resnet',
		ModelDigest: digest,
		WorkerKind: 'gpu',
		Price: JSON.stringify(price),
		BatchImagesMax: '100',
	};
	const otherDigest = `sha256:${'5'.repeat(64)}`;
	const before = { ...outputs, TablePrefix: 'small' };

	const onLocalStack = { PlansQueueUrl: 'http://sqs.us-east-1.localhost.localstack.cloud:4566/000000000000/plans' };

	/**
	 * How the command line finds the stacks `mine`, `local`, `rebuilt`, which runs another package of the same name, and
	 * `undigested` and `older`, which were deployed before their outputs said which package it is, and what their workers
	 * are, respectively.
	 */
	async function environment(): Promise<Record<string, string>> {
		const mine = { ...before, ...said };
		const { ModelDigest: _, ...undigested } = mine;
		const rebuilt = { ...mine, ModelDigest: otherDigest };
		const local = { ...rebuilt, ...onLocalStack };
		const client = await startCloudFormation({ mine, local, rebuilt, undigested, older: before });
		const { hostname, port } = await (client.config.endpoint as () => Promise<{ hostname: string; port?: number }>)();
		return {
			AWS_ENDPOINT_URL_CLOUDFORMATION: `http://${hostname}:${port}`,
			...environmentOf(cloud.endpoints),
		};
	}

	test("uses the prices that the stack's planner uses, for its model and its workers", async () => {
		await expectLines(
			[
				['--stack mine quota set acme --limit 5', 0, /\$5\.00 a month/],
				[
					'--stack mine prices list',
					0,
					/^no prices yet: the planner uses its own price for cifar10-resnet on gpu, \$0\.00071 a TMAC, \$0\.0000067 an image\n$/,
				],
				['--stack mine estimate --tenant acme --images 10', 0, /at full quality: at most \$0\.00006\d+,/],
				[
					'--stack mine estimate --tenant acme --images 10 --worker-kind cpu',
					2,
					/model cifar10-resnet has no price on cpu; this system runs cifar10-resnet on gpu: leave out/,
				],
				['--stack mine quota set acme --floor p9', 2, /model cifar10-resnet does not have that/],
				['--stack mine prices set cifar10-resnet gpu --per-tmac 0.0006 --per-image 0.00000001', 0, /gpu +1 /],
				['--stack mine estimate --tenant acme --images 10', 0, /at full quality: at most \$0\.000000795,/],
			],
			await environment(),
		);
	});

	test("on LocalStack uses the prices of `budgetnet up`, which runs the batches there, not those of the stack's workers", async () => {
		await expectLines(
			[
				['--stack local quota set initech --limit 5', 0, /\$5\.00 a month/],
				['--stack local estimate --tenant initech --images 10', 0, /at full quality: at most \$0\.000000398,/],
			],
			await environment(),
		);
	});

	test('that runs another build of its model: what would be computed from its card is refused, all else works', async () => {
		const refused = new RegExp(
			`model cifar10-resnet: the package here is ${digest}, but the system runs ${otherDigest}: check out that one, or deploy`,
		);
		await expectLines(
			[
				['--stack rebuilt quota set hooli --limit 5', 0, /\$5\.00 a month/],
				['--stack rebuilt quota set hooli --floor 0.9', 2, refused],
				['--stack rebuilt estimate --tenant hooli --images 10', 2, refused],
				['--stack rebuilt page --tenant hooli', 2, refused],
				['--stack rebuilt retry --tenant hooli --failed', 2, refused],
				['--stack rebuilt status hooli', 0, /hooli/],
				['--stack undigested estimate --tenant hooli --images 10', 0, /at full quality/],
			],
			await environment(),
		);
	});

	test('that does not name its workers: commands that need them say what to do, all else works', async () => {
		await expectLines(
			[
				['--stack older quota set globex --limit 5 --floor p9', 0, /floor: policy p9/],
				['--stack older status globex', 0, /globex/],
				['--stack older prices set cifar10-resnet cpu --per-tmac 0.0006 --per-image 0', 0, /cpu +1 +\$0\.0006/],
				['--stack older prices list --json', 0, /"workerKind":"cpu","number":1,/],
				[
					'--stack older estimate --tenant globex --images 10',
					2,
					/stack older does not say what its workers run and cost .*: deploy it again with npm run deploy/,
				],
			],
			await environment(),
		);
	});
});
