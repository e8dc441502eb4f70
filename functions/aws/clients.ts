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
/** All tries together end well within a function's time-out, so that the error reported is the request's own. */
export const requestTimeoutMs = 15_000;
/** For SQS, unless a request says otherwise: longer than the longest long poll, 20 s. */
const longPollTimeoutMs = 30_000;
/** An answer that sends nothing for this long is given up: the request's own time-out ends when the answer begins. */
const socketTimeoutMs = 60_000;

/** Unless told to throw, the SDK only logs that the time is up, and keeps waiting. */
const requestHandler = {
	connectionTimeout: connectionTimeoutMs,
	requestTimeout: requestTimeoutMs,
	socketTimeout: socketTimeoutMs,
	throwOnRequestTimeout: true,
	httpsAgent: { maxSockets: limits.socketsMax },
	httpAgent: { maxSockets: limits.socketsMax },
};

/** How often every client of this program tries, and for how long. */
export const triesAndTimes = { maxAttempts: attemptsMax, requestHandler };

/** Answers give the time in whole seconds and arrive late, so a smaller difference proves nothing. */
const skewMinutesMin = 5;

/**
 * Milliseconds by AWS's clock, as known from DynamoDB's answers, where this machine's clock is off by `skewMinutesMin`
 * or more: a desktop that is an hour ahead would begin tomorrow's period today. Before the first answer, by this
 * machine's clock.
 */
export function clockOf({ dynamodb }: Clients): () => number {
	return () => {
		const { systemClockOffset: offsetMs } = dynamodb.config;
		return Date.now() + (Math.abs(offsetMs) < skewMinutesMin * 60_000 ? 0 : offsetMs);
	};
}

/**
 * SDK clients; the only place that knows endpoints. Without `endpoints`, the SDK's own defaults and environment apply.
 * @param slowDownTries how often at most a request is made while a store asks to slow down
 */
export function createClients(endpoints?: Endpoints, slowDownTries: number = limits.slowDownTries): Clients {
	const common = { ...triesAndTimes, ...(endpoints ? embedded(endpoints) : {}) };
	const polling = { ...common, requestHandler: { ...requestHandler, requestTimeout: longPollTimeoutMs } };
	const at = (endpoint: string | undefined) => (endpoint === undefined ? {} : { endpoint });
	const s3 = new S3Client({
		...common,
		...at(endpoints?.s3Endpoint),
		forcePathStyle: endpoints !== undefined || emulated(process.env),
		// The checksum that AWS's command line sends would be computed in JavaScript here, at 2.5 ms a MB; TLS and If-Match
		// protect the bytes already.
		responseChecksumValidation: 'WHEN_REQUIRED',
	});
	const dynamodb = new DynamoDBClient({ ...common, ...at(endpoints?.dynamodbEndpoint) });
	// Wraps the SDK's own retries.
	s3.middlewareStack.add((next) => (call) => slowedDown(() => next(call), slowDownTries), { step: 'initialize' });
	dynamodb.middlewareStack.add((next) => (call) => slowedDown(() => next(call), slowDownTries), { step: 'initialize' });
	return {
		s3,
		sqs: new SQSClient({ ...polling, ...at(endpoints?.sqsEndpoint) }),
		dynamodb: DynamoDBDocumentClient.from(dynamodb, { marshallOptions: { removeUndefinedValues: true } }),
	};
}

/** Independent of the user's own AWS settings. */
function embedded({ region, credentials }: Endpoints) {
	return { region, credentials, useFipsEndpoint: false, useDualstackEndpoint: false };
}

/** An endpoint in the environment is an emulator's: bucket names then go into the path, not the host name. */
function emulated(environment: NodeJS.ProcessEnv): boolean {
	return Boolean(environment.AWS_ENDPOINT_URL || environment.AWS_ENDPOINT_URL_S3);
}
