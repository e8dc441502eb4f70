import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { startEmulators } from '../../local/emulators/start.ts';
import { createClients } from '../clients.ts';

/** An embedded cloud of a test file's own, empty, and clients of it. */
export async function startClients() {
	const emulators = await startEmulators({ notifications: [] });
	const clients = createClients(emulators);
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
