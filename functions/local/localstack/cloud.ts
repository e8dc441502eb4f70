import { join } from 'node:path';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { createClients, type Endpoints } from '../../aws/clients.ts';
import { findResources } from '../../aws/stack-outputs.ts';
import type { Cloud } from '../cloud.ts';
import { startTables } from '../emulators/tables.ts';
import { dataPlaneOf, parseTemplate, tablesOf } from './data-plane.ts';
import { deployTemplate } from './deploy.ts';
import { startLocalStack } from './server.ts';
import { synthesiseTemplate } from './synthesise.ts';
import type { Traces } from './traces.ts';

const region = 'us-east-1';
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
const host = '127.0.0.1';

export interface LocalStackCloud extends Cloud {
	/** What must be gone and closed afterwards. */
	traces: Traces;
}

/** The stack that `startStackOnLocalStack` deploys. */
export const localStackName = 'budgetnet';
/** What LocalStack installs and writes, unless the environment names another folder. */
const installation = process.env.LOCALSTACK_FOLDER ?? join(import.meta.dirname, '..', '..', '..', '.localstack');

/** LocalStack with the data plane of the stack as the settings have it. @throws BudgetNetError `unavailable` */
export async function startStackOnLocalStack(): Promise<LocalStackCloud> {
	return startLocalStackCloud({
		folder: installation,
		template: await synthesiseTemplate(),
		stackName: localStackName,
	});
}

/**
 * Starts LocalStack and deploys the data plane of a template that CDK has synthesised: buckets with their
 * notifications, queues with their redrive, topics, tables. As a plain process LocalStack has no DynamoDB; then the
 * embedded one holds the tables.
 * @param options the template as JSON, and a folder of its own for what LocalStack installs and writes
 * @throws BudgetNetError `unavailable`
 */
export async function startLocalStackCloud(options: {
	folder: string;
	template: string;
	stackName: string;
}): Promise<LocalStackCloud> {
	const template = parseTemplate(options.template);
	const server = await startLocalStack(options.folder);
	const tables = server.hasDynamoDb ? undefined : await startTables(host);
	const endpoints: Endpoints = {
		s3Endpoint: server.endpoint,
		sqsEndpoint: server.endpoint,
		dynamodbEndpoint: tables?.endpoint ?? server.endpoint,
		region,
		credentials,
	};
	const clients = createClients(endpoints);
	const cloudFormation = new CloudFormationClient({ endpoint: server.endpoint, region, credentials });
	const close = async () => {
		cloudFormation.destroy();
		for (const client of Object.values(clients)) client.destroy();
		await tables?.close();
		await server.stop();
	};
	try {
		await deployTemplate(cloudFormation, options.stackName, dataPlaneOf(template, { tables: server.hasDynamoDb }));
		if (tables) for (const table of tablesOf(template)) await clients.dynamodb.send(new CreateTableCommand(table));
		const resources = await findResources(cloudFormation, options.stackName);
		const traces = { pids: [server.pid], endpoints: [...new Set([server.endpoint, endpoints.dynamodbEndpoint])] };
		return { endpoints, clients, resources, traces, lost: server.lost, close };
	} catch (error) {
		await close();
		throw error;
	}
}
