import { randomBytes } from 'node:crypto';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { inject } from 'vitest';
import { startEmulators } from '../../local/emulators/start.ts';
import { startTables } from '../../local/emulators/tables.ts';
import { createClients, type Endpoints } from '../clients.ts';
import { emptyAccount } from './empty-account.ts';

declare module 'vitest' {
	interface ProvidedContext {
		/** The LocalStack that was started for these tests; never one that somebody uses, because it is emptied. */
		localStackEndpoint?: string;
	}
}

/**
 * An empty cloud for one test file, and clients of it: the embedded cloud or, where one was started for the tests (`npm
 * run test:localstack`, one file at a time), LocalStack's S3 and SQS, emptied. `DYNAMODB_TEST_ENDPOINT` puts another
 * DynamoDB in the place of the embedded one (`npm run test:dynamodb`); tables there belong to an access key.
 */
export async function startClients() {
	const localStack = inject('localStackEndpoint');
	const emulators = localStack ? await besideLocalStack(localStack) : await startEmulators({ notifications: [] });
	const elsewhere = process.env.DYNAMODB_TEST_ENDPOINT;
	const tables = elsewhere && {
		dynamodbEndpoint: elsewhere,
		credentials: { ...emulators.credentials, accessKeyId: `test${randomBytes(8).toString('hex')}` },
	};
	const clients = createClients({ ...emulators, ...tables });
	if (localStack) await emptyAccount(clients);
	return {
		...clients,
		async createBucket(Bucket: string) {
			await clients.s3.send(new CreateBucketCommand({ Bucket }));
		},
		async close() {
			for (const client of [clients.s3, clients.sqs, clients.dynamodb]) client.destroy();
			await emulators.close();
		},
	};
}

async function besideLocalStack(endpoint: string): Promise<Endpoints & { close(): Promise<void> }> {
	const tables = await startTables('127.0.0.1');
	return {
		s3Endpoint: endpoint,
		sqsEndpoint: endpoint,
		dynamodbEndpoint: tables.endpoint,
		close: tables.close,
		region: 'us-east-1',
		credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
	};
}
