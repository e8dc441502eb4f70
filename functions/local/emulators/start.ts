import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';
import { buildApp } from 'fauxqs';
import type { Endpoints } from '../../aws/clients.ts';
import { mendPuts } from './conditional-puts.ts';
import { mendNotifications, type Notification } from './notifications.ts';

export interface Emulators extends Endpoints {
	close(): Promise<void>;
}

const loopback = '127.0.0.1';
const region = 'us-east-1';
/** The account that fauxqs writes into ARNs and queue URLs. */
const accountId = '000000000000';

/** Starts S3 and SQS (fauxqs, mended) and DynamoDB (dynalite) in this process, on free loopback ports, in memory. */
export async function startEmulators(options: { notifications: readonly Notification[] }): Promise<Emulators> {
	const app = buildApp({ logger: false, defaultRegion: region });
	mendPuts(app);
	mendNotifications(app, options.notifications, accountId);
	await app.listen({ host: loopback, port: 0 });
	const tables = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
	tables.listen(0, loopback);
	await once(tables, 'listening');
	const objects = `http://${loopback}:${(app.server.address() as AddressInfo).port}`;
	return {
		s3Endpoint: objects,
		sqsEndpoint: objects,
		dynamodbEndpoint: `http://${loopback}:${(tables.address() as AddressInfo).port}`,
		region,
		credentials: { accessKeyId: 'embedded', secretAccessKey: 'embedded' },
		async close() {
			await app.close();
			tables.closeAllConnections();
			tables.close();
			await once(tables, 'close');
		},
	};
}
