import { type Clients, createClients, type Endpoints } from '../aws/clients.ts';
import { namesOf } from '../aws/names.ts';
import type { Resources } from '../aws/resources.ts';
import { limits } from '../core/limits.ts';
import { startEmulators } from './emulators/start.ts';
import { provision } from './provision.ts';

/** Where a host runs: S3, SQS and DynamoDB, with all resources that the system needs there. */
export interface Cloud {
	endpoints: Endpoints;
	clients: Clients;
	resources: Resources;
	/** Resolves with the reason if it has ended by itself; the embedded cloud ends only with its process. */
	lost?: Promise<unknown>;
	/** Ends it, and its clients too. */
	close(): Promise<void>;
}

const prefix = 'budgetnet';

/**
 * Starts the embedded cloud: emulators in this process, on loopback ports.
 * @param visibilitySeconds after which a message that nobody deletes is redelivered
 */
export async function startEmbeddedCloud(visibilitySeconds: number = limits.visibilitySeconds): Promise<Cloud> {
	const names = namesOf(prefix);
	const notification = { bucket: names.imagesBucket, queueName: names.imageEvents };
	const emulators = await startEmulators({ notifications: [notification] });
	const clients = createClients(emulators);
	const { sqsEndpoint } = emulators;
	const resources = await provision(clients, { sqsEndpoint, prefix, visibilitySeconds });
	return {
		endpoints: emulators,
		clients,
		resources,
		async close() {
			for (const client of Object.values(clients)) client.destroy();
			await emulators.close();
		},
	};
}
