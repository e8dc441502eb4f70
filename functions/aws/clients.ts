import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { limits } from '../core/limits.ts';
import { slowedDown } from './slow-down.ts';

export interface Endpoints {
	s3Endpoint: string;
	sqsEndpoint: string;
	dynamodbEndpoint: string;
	region: string;
	credentials: { accessKeyId: string; secretAccessKey: string };
}

export interface Clients {
	s3: S3Client;
	sqs: SQSClient;
	dynamodb: DynamoDBDocumentClient;
}

const attemptsMax = 5;
const connectionTimeoutMs = 5_000;
/** All tries together end well within a function's time-out: then the error names itself. */
export const requestTimeoutMs = 15_000;
/** Of SQS, where a request does not say otherwise: longer than the longest long poll, 20 s. */
const longPollTimeoutMs = 30_000;
/** Without a byte for so long an answer is given up: a request's own time is over when the answer begins. */
const socketTimeoutMs = 60_000;

/** Unless told to throw, the SDK only logs that the time is up, and waits on. */
const requestHandler = {
	connectionTimeout: connectionTimeoutMs,
	requestTimeout: requestTimeoutMs,
	socketTimeout: socketTimeoutMs,
	throwOnRequestTimeout: true,
	httpsAgent: { maxSockets: limits.socketsMax },
	httpAgent: { maxSockets: limits.socketsMax },
};

/** How often any client of this program tries, and how long. */
export const triesAndTimes = { maxAttempts: attemptsMax, requestHandler };

/** Answers say the time in whole seconds, and come late: what is off by less is not known to be off. */
const skewMinutesMin = 5;

/**
 * Milliseconds by AWS's clock, as answers of DynamoDB tell it, where this machine's is more than some minutes off: a
 * desk that is an hour ahead would begin tomorrow's period today. Before the first answer, by this machine's.
 */
export function clockOf({ dynamodb }: Clients): () => number {
	return () => {
		const { systemClockOffset: offsetMs } = dynamodb.config;
		return Date.now() + (Math.abs(offsetMs) < skewMinutesMin * 60_000 ? 0 : offsetMs);
	};
}

/**
 * SDK clients, the only place that knows endpoints. Without any, the SDK's own defaults and environment hold.
 * @param slowDownTries how often a request is made again while a store asks to slow down
 */
export function createClients(endpoints?: Endpoints, slowDownTries: number = limits.slowDownTries): Clients {
	const common = { ...triesAndTimes, ...(endpoints ? embedded(endpoints) : {}) };
	const polling = { ...common, requestHandler: { ...requestHandler, requestTimeout: longPollTimeoutMs } };
	const at = (endpoint: string | undefined) => (endpoint === undefined ? {} : { endpoint });
	const s3 = new S3Client({
		...common,
		...at(endpoints?.s3Endpoint),
		forcePathStyle: endpoints !== undefined || emulated(process.env),
		// The checksum that AWS's command line sends is computed in JavaScript here, 2.5 ms a MB; TLS and If-Match hold the
		// bytes.
		responseChecksumValidation: 'WHEN_REQUIRED',
	});
	const dynamodb = new DynamoDBClient({ ...common, ...at(endpoints?.dynamodbEndpoint) });
	// Around the SDK's own tries.
	s3.middlewareStack.add((next) => (call) => slowedDown(() => next(call), slowDownTries), { step: 'initialize' });
	dynamodb.middlewareStack.add((next) => (call) => slowedDown(() => next(call), slowDownTries), { step: 'initialize' });
	return {
		s3,
		sqs: new SQSClient({ ...polling, ...at(endpoints?.sqsEndpoint) }),
		dynamodb: DynamoDBDocumentClient.from(dynamodb, { marshallOptions: { removeUndefinedValues: true } }),
	};
}

/** Whatever the user's own AWS settings are. */
function embedded({ region, credentials }: Endpoints) {
	return { region, credentials, useFipsEndpoint: false, useDualstackEndpoint: false };
}

/** An endpoint in the environment is an emulator's: buckets then stand in the path, not in the host name. */
function emulated(environment: NodeJS.ProcessEnv): boolean {
	return Boolean(environment.AWS_ENDPOINT_URL || environment.AWS_ENDPOINT_URL_S3);
}
