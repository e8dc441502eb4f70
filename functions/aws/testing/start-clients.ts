import { randomBytes } from 'node:crypto';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { startEmulators } from '../../local/emulators/start.ts';
import { createClients } from '../clients.ts';

/**
 * An embedded cloud of a test file's own, empty, and clients of it. `DYNAMODB_TEST_ENDPOINT` puts another DynamoDB in the place
 * of the embedded one (`npm run test:dynamodb`); tables there belong to an access key.
 */
export async function startClients() {
	const emulators = await startEmulators({ notifications: [] });
	const dynamodbEndpoint = process.env.DYNAMODB_TEST_ENDPOINT ?? emulators.dynamodbEndpoint;
	const credentials = { ...emulators.credentials, accessKeyId: `test${randomBytes(8).toString('hex')}` };
	const clients = createClients({ ...emulators, dynamodbEndpoint, credentials });
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
