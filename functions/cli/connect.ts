import { GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import { createClients } from '../aws/clients.ts';
import { namesOf } from '../aws/names.ts';
import { createStores } from '../aws/stores.ts';

/** A system that runs: on AWS, or wherever `AWS_ENDPOINT_URL_S3`, `_SQS` and `_DYNAMODB` point (`budgetnet up` prints them). */
export type Connection = ReturnType<typeof connect>;

const defaultPrefix = 'budgetnet';
/** Emulators all have this account; some answer with host names that not every resolver knows. */
const emulatedAccount = '000000000000';

/** Clients and stores of the system that the environment names; `BUDGETNET_PREFIX` says what its parts are called. */
function connect() {
	const prefix = process.env.BUDGETNET_PREFIX ?? defaultPrefix;
	const clients = createClients();
	const names = namesOf(prefix);
	/** The address of a queue by its short name, as `plans` or `plans-dead`. */
	const queueUrl = async (queue: string): Promise<string> => {
		const name = `${prefix}-${queue}`;
		const emulator = process.env.AWS_ENDPOINT_URL_SQS;
		if (emulator) return `${emulator}/${emulatedAccount}/${name}`;
		const { QueueUrl } = await clients.sqs.send(new GetQueueUrlCommand({ QueueName: name }));
		return QueueUrl as string;
	};
	return {
		clients,
		names,
		queueUrl,
		...createStores(clients, { resultsBucket: names.resultsBucket, tablePrefix: prefix }),
	};
}

/** Runs something over a connection, and closes it. */
export async function connected<T>(action: (connection: Connection) => Promise<T>): Promise<T> {
	const connection = connect();
	try {
		return await action(connection);
	} finally {
		for (const client of Object.values(connection.clients)) client.destroy();
	}
}
