import type { Endpoints } from '../../aws/clients.ts';
import { BudgetNetError } from '../../core/errors.ts';
import type { Notification } from './notifications.ts';
import { startObjectStore } from './object-store.ts';
import { startTables } from './tables.ts';

export interface Emulators extends Endpoints {
	/** Ends both; a second call waits for the first. @throws BudgetNetError `internal` when it takes too long */
	close(): Promise<void>;
}

const host = '127.0.0.1';
const region = 'us-east-1';
const closeTimeoutMs = 10_000;

/** Starts S3 and SQS (fauxqs, repaired) and DynamoDB (dynalite) in this process, on free loopback ports, in memory. */
export async function startEmulators(options: { notifications: readonly Notification[] }): Promise<Emulators> {
	const objectStore = await startObjectStore({ host, region, notifications: options.notifications });
	const tables = await startTables(host);
	let closing: Promise<void> | undefined;
	const closeBoth = () => within(closeTimeoutMs, Promise.all([objectStore.close(), tables.close()]));
	return {
		s3Endpoint: objectStore.endpoint,
		sqsEndpoint: objectStore.endpoint,
		dynamodbEndpoint: tables.endpoint,
		region,
		credentials: { accessKeyId: 'embedded', secretAccessKey: 'embedded' },
		close() {
			closing ??= closeBoth();
			return closing;
		},
	};
}

async function within(timeoutMs: number, work: Promise<unknown>): Promise<void> {
	const { promise: late, reject } = Promise.withResolvers<never>();
	const timer = setTimeout(
		() => reject(new BudgetNetError('internal', `the emulators did not close within ${timeoutMs} ms`)),
		timeoutMs,
	);
	try {
		await Promise.race([work, late]);
	} finally {
		clearTimeout(timer);
	}
}
