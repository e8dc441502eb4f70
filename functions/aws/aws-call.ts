import { BudgetNetError, messageOf } from '../core/errors.ts';

/**
 * Makes a call to AWS. An error that outlasts the SDK's own retries becomes our own `unavailable`: a later try may
 * work. A caller that knows better what an error means catches it inside `call`.
 * @param what names what is called, such as "table budgetnet-claims"
 * @throws BudgetNetError
 */
export async function awsCall<T>(what: string, call: () => Promise<T>): Promise<T> {
	try {
		return await call();
	} catch (error) {
		if (error instanceof BudgetNetError) throw error;
		throw new BudgetNetError('unavailable', `${what}: ${hintOf(error)}${describe(error)}`, { cause: error });
	}
}

/**
 * On one line: the SDK's message about an answer that it cannot parse has several. An answer without a body has no
 * code.
 */
function describe(error: unknown): string {
	const status = statusOf(error);
	if (/^Unknown(Error)?$/.test(nameOf(error)) && status !== undefined) return `HTTP status ${status}, and nothing else`;
	return `${nameOf(error)}: ${messageOf(error).replaceAll(/\s+/g, ' ')}`;
}

function hintOf(error: unknown): string {
	if (isCredentialError(error)) return credentialHint;
	if (isDenied(error)) return deniedHint;
	if (missing.includes(nameOf(error))) return missingHint;
	if (/^Region (is missing|not accepted)/.test(messageOf(error))) return regionHint;
	return addressHints.get(codeOf(error)) ?? '';
}

/** Error codes of S3 and of the other services. */
const credentialErrors = new Set([
	'AccessKeyDisabled',
	'AuthorizationHeaderMalformed',
	'CredentialsProviderError',
	'ExpiredToken',
	'ExpiredTokenException',
	'IncompleteSignature',
	'InvalidAccessKeyId',
	'InvalidClientTokenId',
	'InvalidSignatureException',
	'InvalidToken',
	'MissingAuthenticationToken',
	'RequestExpired',
	'RequestTimeTooSkewed',
	'SignatureDoesNotMatch',
	'TokenRefreshRequired',
	'UnrecognizedClientException',
]);
const credentialHint =
	'unusable credentials: they are missing, wrong or expired, or the clock of this machine is off: ';

/** Whether an error is about this program's credentials or clock, not about what it asked for. */
export function isCredentialError(error: unknown): boolean {
	return credentialErrors.has(nameOf(error));
}

const deniedHint =
	'access denied: grant it to the role of this program (on a bucket also s3:ListBucket, without which missing objects look denied): ';

/** The store itself is missing, not an object or an item. */
const missing = ['NoSuchBucket', 'ResourceNotFoundException', 'QueueDoesNotExist'];
const missingHint =
	'not there: is this the right account, region and system (--stack, BUDGETNET_STACK or BUDGETNET_PREFIX)? ';

/** By the SDK's message: such an error has no code. */
const regionHint = 'no region: set AWS_REGION (AWS_DEFAULT_REGION is not read), or a region in your AWS profile: ';

/** By error code, for errors about the address. */
const addressHints = new Map<unknown, string>([
	[
		'ECONNREFUSED',
		'nothing listens there: is the local cloud still running, and is AWS_ENDPOINT_URL_… what it printed when it started? ',
	],
	['ENOTFOUND', 'no such host: is the region right, and AWS_ENDPOINT_URL_… where it is set? '],
	['ERR_INVALID_URL', 'not an address: is AWS_ENDPOINT_URL_… like http://127.0.0.1:4566? '],
]);

function isDenied(error: unknown): boolean {
	return statusOf(error) === 403 || nameOf(error) === 'AccessDeniedException';
}

/** Makes a conditional write: true when written, false when its condition did not hold. @throws BudgetNetError */
export async function conditionalWrite(what: string, write: () => Promise<unknown>): Promise<boolean> {
	return await awsCall(what, async () => {
		try {
			await write();
			return true;
		} catch (error) {
			if (nameOf(error) === 'ConditionalCheckFailedException') return false;
			throw error;
		}
	});
}

/** The error's code, as AWS names it ("NoSuchKey"). */
export function nameOf(error: unknown): string {
	return error instanceof Error ? error.name : 'unknown';
}

/** The code of an error of Node, which the SDK may have wrapped: "ECONNREFUSED". */
function codeOf(error: unknown): unknown {
	return (error as { code?: unknown } | undefined)?.code;
}

/** The HTTP status that an error of the SDK came with; undefined when there was no answer. */
export function statusOf(error: unknown): number | undefined {
	const metadata = (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata;
	return metadata?.httpStatusCode;
}
