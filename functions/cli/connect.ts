import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { z } from 'zod';
import { clockOf, createClients, triesAndTimes } from '../aws/clients.ts';
import { deadOf, emulatedAccount, namesOf } from '../aws/names.ts';
import { outputsOf, resourcesIn } from '../aws/stack-outputs.ts';
import { createStores } from '../aws/stores.ts';
import { BudgetNetError } from '../core/errors.ts';
import { parse } from '../core/parse.ts';
import { emulatedWorkers, type Workers, workersIn } from './workers.ts';

/**
 * A running system: on AWS, found by its stack; or wherever `AWS_ENDPOINT_URL_S3`, `_SQS` and `_DYNAMODB` point
 * (`budgetnet up` prints them), found by its names.
 */
export type Connection = Awaited<ReturnType<typeof connect>>;

/** Queues by their short names. */
export type QueueName = 'image-events' | 'plans' | 'batches' | 'reports';

/** What a command must find: buckets, tables, queues, workers. */
interface Found {
	names: { imagesBucket: string; resultsBucket: string };
	tablePrefix: string;
	/** @param dead of the queue of its dead letters */
	queueUrl: (queue: QueueName, dead?: boolean) => string;
	/** Called only where it is needed: a stack of an older version does not say it. */
	workers: () => Workers;
}

const defaultPrefix = 'budgetnet';
const prefixSchema = z
	.string()
	.regex(/^[a-z0-9-]{1,40}$/, 'expected what all names begin with, 1 to 40 characters: a-z, 0-9 and -');
let stackName: string | undefined;

/**
 * From now on commands find the system by the outputs of this stack; without one, by its names.
 * @throws BudgetNetError `invalid`
 */
export function useStack(name: string | undefined): void {
	if (name === '') throw new BudgetNetError('invalid', '--stack: expected the name of a stack');
	stackName = name;
}

/**
 * Whether a stack is named, or endpoints are. Without either the names would be looked for in whatever account the SDK
 * finds.
 */
export function isSystemNamed(): boolean {
	return stackName !== undefined || services.every(endpointOf);
}

const services = ['S3', 'SQS', 'DYNAMODB'];

/** For an endpoint without a scheme, the SDK itself says only `UnknownError`. @throws BudgetNetError `invalid` */
function mustBeUrl(service: string): void {
	const endpoint = endpointOf(service);
	if (endpoint === undefined || (/^https?:\/\/[^/]/.test(endpoint) && URL.canParse(endpoint))) return;
	throw new BudgetNetError(
		'invalid',
		`endpoint of ${service} "${endpoint}": expected a URL such as http://127.0.0.1:4566 (AWS_ENDPOINT_URL_${service}, AWS_ENDPOINT_URL)`,
	);
}

function endpointOf(service: string): string | undefined {
	return process.env[`AWS_ENDPOINT_URL_${service}`] || process.env.AWS_ENDPOINT_URL;
}

async function connect() {
	if (!isSystemNamed())
		throw new BudgetNetError(
			'invalid',
			'which system? pass --stack NAME or set BUDGETNET_STACK; for one on this machine, set the environment variables that budgetnet up prints',
		);
	for (const service of services) mustBeUrl(service);
	const { names, tablePrefix, ...found } = stackName === undefined ? findByNames() : await findByStack(stackName);
	const clients = createClients();
	const stores = createStores(clients, { resultsBucket: names.resultsBucket, tablePrefix });
	return { clients, names, nowMs: clockOf(clients), ...found, ...stores };
}

/** Everything from the outputs of a stack. @throws BudgetNetError `not-found`, `invalid`, `unavailable` */
async function findByStack(name: string): Promise<Found> {
	const client = new CloudFormationClient(triesAndTimes);
	try {
		const outputs = await outputsOf(client, name);
		const resources = resourcesIn(outputs, name);
		const urls: Record<QueueName, string> = {
			'image-events': resources.imageEventsUrl,
			plans: resources.plansUrl,
			batches: resources.batchesUrl,
			reports: resources.reportsUrl,
		};
		const queueUrl = (queue: QueueName, dead = false) => (dead ? deadOf(urls[queue]) : urls[queue]);
		const isEmulated = resources.plansUrl.includes(`/${emulatedAccount}/`);
		// On LocalStack `up` runs them, not the stack.
		const workers = () => (isEmulated ? emulatedWorkers : workersIn(outputs, name));
		return { names: resources, tablePrefix: resources.tablePrefix, queueUrl, workers };
	} finally {
		client.destroy();
	}
}

/** Everything by the names that the embedded cloud gives; `BUDGETNET_PREFIX` says what they begin with. */
function findByNames(): Found {
	const prefix = parse(prefixSchema, process.env.BUDGETNET_PREFIX || defaultPrefix, 'BUDGETNET_PREFIX');
	const queueUrl = (queue: QueueName, dead = false) => {
		const url = `${endpointOf('SQS')}/${emulatedAccount}/${prefix}-${queue}`;
		return dead ? deadOf(url) : url;
	};
	return { names: namesOf(prefix), tablePrefix: prefix, queueUrl, workers: () => emulatedWorkers };
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
