import { deadOf } from '../aws/names.ts';
import { assert } from '../core/errors.ts';

/** A write's name, from its command and what it touches, so that the code under test need not know of faults. */
export function nameOfWrite(command: string, input: Record<string, unknown>): string | undefined {
	const text = (field: string) => String(input[field] ?? '');
	switch (command) {
		case 'PutObjectCommand':
			return `put-${text('Key').split('/')[0]}`;
		case 'DeleteObjectCommand':
			return `delete-${text('Key').split('/')[0]}`;
		case 'SendMessageCommand':
			return `send-${queueOf(text('QueueUrl'))}`;
		case 'DeleteMessageCommand':
		case 'DeleteMessageBatchCommand':
			return `delete-${queueOf(text('QueueUrl'))}`;
		case 'PutCommand':
		case 'PutItemCommand':
			return nameOfPut(text('TableName'), input.Item as Record<string, unknown>);
		case 'UpdateCommand':
		case 'UpdateItemCommand':
			return nameOfUpdate(text('TableName'), text('UpdateExpression'), input);
		default:
			return undefined;
	}
}

const queues = ['image-events', 'batches', 'reports', 'plans'].flatMap((queue) => [queue, deadOf(queue)]);

/** `…-image-events` becomes image-events: queue names begin with their cloud's prefix. */
function queueOf(url: string): string {
	return queues.find((queue) => url.endsWith(queue)) ?? 'unknown';
}

function nameOfPut(table: string, item: Record<string, unknown>): string {
	if (table.endsWith('-claims')) return 'claim';
	if (table.endsWith('-batches')) return 'intent';
	return `ledger-${String(plain(item.pk)).split('#')[0]}`;
}

function nameOfUpdate(table: string, expression: string, input: Record<string, unknown>): string {
	const name = table.endsWith('-batches')
		? nameOfBatchUpdate(expression, input)
		: nameOfLedgerUpdate(expression, input);
	assert(name !== undefined, `faults: an update of ${table} has no name: ${expression}`);
	return name;
}

/** From the expressions of aws/batch-table.ts. */
function nameOfBatchUpdate(expression: string, input: Record<string, unknown>): string | undefined {
	const values = (input.ExpressionAttributeValues ?? {}) as Record<string, unknown>;
	if (expression.startsWith('SET #state = :state')) return `state-${plain(values[':state'])}`;
	if (expression.includes('list_append')) return 'note-rid';
	if (expression.includes('watchedUntilMs = ')) return 'watch';
	if (expression === 'REMOVE unfinished') return 'unwatch';
	return expression === 'REMOVE reason' ? 'wake' : undefined;
}

/** From the expressions of aws/ledger-writes.ts. */
function nameOfLedgerUpdate(expression: string, input: Record<string, unknown>): string | undefined {
	const key = (input.Key ?? {}) as Record<string, unknown>;
	if (String(plain(key.pk)).startsWith('journal')) return 'ledger-applied';
	if (expression.includes('= :reservation')) return 'reserve';
	if (expression.includes('#open.#rid')) return 'settle-account';
	if (expression.includes('quotaRevision = ')) return 'quota-account';
	if (expression === 'SET oldestDeferred = :batchId') return 'defer-account';
	return /^(SET|REMOVE) oldestDeferred( = :next)?$/.test(expression) ? 'advance-account' : undefined;
}

/** A value, or the value inside DynamoDB's typed form. */
function plain(value: unknown): unknown {
	return typeof value === 'object' && value !== null && 'S' in value ? value.S : value;
}

/**
 * The name of any call: of a write as above; of others `receive-batches`, `get-manifests`, or `get-image` for an object
 * of the images bucket.
 */
export function nameOfCall(command: string, input: Record<string, unknown>): string | undefined {
	if (command === 'ReceiveMessageCommand') return `receive-${queueOf(String(input.QueueUrl))}`;
	if (command !== 'GetObjectCommand') return nameOfWrite(command, input);
	return String(input.Bucket).endsWith('-images') ? 'get-image' : `get-${String(input.Key).split('/')[0]}`;
}
