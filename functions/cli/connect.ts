import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import { type Clients, createClients } from '../aws/clients.ts';
import { namesOf } from '../aws/names.ts';
import { findResources } from '../aws/stack-outputs.ts';
import { createStores } from '../aws/stores.ts';

/**
 * A system that runs: on AWS, found by its stack; or wherever `AWS_ENDPOINT_URL_S3`, `_SQS` and `_DYNAMODB` point
 * (`budgetnet up` prints them), found by its names.
 */
export type Connection = Awaited<ReturnType<typeof connect>>;

/** What a command must find: buckets, tables, and queues by their short names, as `plans` or `plans-dead`. */
interface Found {
	names: { imagesBucket: string; resultsBucket: string };
	tablePrefix: string;
	queueUrl: (queue: string) => Promise<string>;
}

const defaultPrefix = 'budgetnet';
/** Emulators all have this account; some answer with host names that not every resolver knows. */
const emulatedAccount = '000000000000';
let stackName: string | undefined;

/** From here on commands find the system by the outputs of this stack; without one, by its names. */
export function useStack(name: string | undefined): void {
	stackName = name;
}

async function connect() {
	const clients = createClients();
	const found = stackName === undefined ? findByNames(clients) : await findByStack(stackName);
	const { names, tablePrefix, queueUrl } = found;
	return { clients, names, queueUrl, ...createStores(clients, { resultsBucket: names.resultsBucket, tablePrefix }) };
}

/** Everything from the outputs of a stack. @throws BudgetNetError `not-found`, `invalid`, `unavailable` */
async function findByStack(name: string): Promise<Found> {
	const client = new CloudFormationClient();
	try {
		const resources = await findResources(client, name);
		const urls: Record<string, string> = {
			'image-events': resources.imageEventsUrl,
			plans: resources.plansUrl,
			batches: resources.batchesUrl,
			reports: resources.reportsUrl,
		};
		const queueUrl = async (queue: string) => {
			const alive = queue.replace(/-dead$/, '');
			return `${urls[alive]}${queue.slice(alive.length)}`; // the dead letters' queue is named after its own
		};
		return { names: resources, tablePrefix: resources.tablePrefix, queueUrl };
	} finally {
		client.destroy();
	}
}

/** By the names that the embedded cloud gives; `BUDGETNET_PREFIX` says what they begin with. */
function findByNames({ sqs }: Clients): Found {
	const prefix = process.env.BUDGETNET_PREFIX ?? defaultPrefix;
	const queueUrl = async (queue: string): Promise<string> => {
		const name = `${prefix}-${queue}`;
		const emulator = process.env.AWS_ENDPOINT_URL_SQS;
		if (emulator) return `${emulator}/${emulatedAccount}/${name}`;
		const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: name }));
		return QueueUrl as string;
	};
	return { names: namesOf(prefix), tablePrefix: prefix, queueUrl };
}

/** Runs something over a connection, and closes it. */
export async function connected<T>(action: (connection: Connection) => Promise<T>): Promise<T> {
	const connection = await connect();
	try {
		return await action(connection);
	} finally {
		for (const client of Object.values(connection.clients)) client.destroy();
	}
}
