import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { startEmulators } from '../../local/emulators/start.ts';
import { startTables } from '../../local/emulators/tables.ts';
import { createClients, type Endpoints } from '../clients.ts';

type StartedEndpoints = Endpoints & { close(): Promise<void> };

/**
 * A cloud of a test file's own, empty, and clients of it: the embedded one or, where `LOCALSTACK_ENDPOINT` names one
 * (`npm run test:localstack`), LocalStack's S3 and SQS, emptied.
 */
export async function startClients() {
	const localStack = process.env.LOCALSTACK_ENDPOINT;
	const endpoints = localStack ? await emptyLocalStack(localStack) : await startEmulators({ notifications: [] });
	const clients = createClients(endpoints);
	return {
		...clients,
		async createBucket(Bucket: string) {
			await clients.s3.send(new CreateBucketCommand({ Bucket }));
		},
		async close() {
			for (const client of [clients.s3, clients.sqs, clients.dynamodb]) client.destroy();
			await endpoints.close();
		},
	};
}

async function emptyLocalStack(endpoint: string): Promise<StartedEndpoints> {
	const answer = await fetch(`${endpoint}/_localstack/state/reset`, { method: 'POST' });
	if (!answer.ok) throw new Error(`LocalStack did not empty itself: ${answer.status}`);
	const tables = await startTables({ host: '127.0.0.1', port: 0 });
	return {
		...{ s3Endpoint: endpoint, sqsEndpoint: endpoint, dynamodbEndpoint: tables.endpoint, close: tables.close },
		region: 'us-east-1',
		credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
	};
}
