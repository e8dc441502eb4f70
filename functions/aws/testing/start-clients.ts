import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { startEmulators } from '../../local/emulators/start.ts';
import { startTables } from '../../local/emulators/tables.ts';
import { createClients, type Endpoints } from '../clients.ts';
import { emptyAccount } from './empty-account.ts';

/**
 * A cloud of a test file's own, empty, and clients of it: the embedded one or, where `LOCALSTACK_ENDPOINT` names one
 * (`npm run test:localstack`, one file at a time), LocalStack's S3 and SQS, emptied.
 */
export async function startClients() {
	const localStack = process.env.LOCALSTACK_ENDPOINT;
	const endpoints = localStack ? await besideLocalStack(localStack) : await startEmulators({ notifications: [] });
	const clients = createClients(endpoints);
	if (localStack) await emptyAccount(clients);
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

async function besideLocalStack(endpoint: string): Promise<Endpoints & { close(): Promise<void> }> {
	const tables = await startTables({ host: '127.0.0.1', port: 0 });
	return {
		...{ s3Endpoint: endpoint, sqsEndpoint: endpoint, dynamodbEndpoint: tables.endpoint, close: tables.close },
		region: 'us-east-1',
		credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
	};
}
