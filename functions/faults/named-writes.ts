/** What a write is called: by its command and what it touches, so that the code under test need not know of faults. */
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

/** `…-image-events` is image-events: names of queues are prefixed by their cloud. */
function queueOf(url: string): string {
	return /(image-events|batches|reports|plans)(-dead)?$/.exec(url)?.[0] ?? 'unknown';
}

function nameOfPut(table: string, item: Record<string, unknown>): string {
	if (table.endsWith('-claims')) return 'claim';
	if (table.endsWith('-batches')) return 'intent';
	return `ledger-${String(plain(item.pk)).split('#')[0]}`;
}

function nameOfUpdate(table: string, expression: string, input: Record<string, unknown>): string {
	const values = (input.ExpressionAttributeValues ?? {}) as Record<string, unknown>;
	if (table.endsWith('-batches')) return values[':list'] ? 'note-rid' : `state-${plain(values[':state'])}`;
	const key = (input.Key ?? {}) as Record<string, unknown>;
	if (String(plain(key.pk)).startsWith('journal')) return 'ledger-applied';
	if (expression.includes('= :reservation')) return 'reserve';
	return expression.includes('#open.#rid') ? 'settle-account' : 'defer-account';
}

/** A value, or the value inside DynamoDB's typed form. */
function plain(value: unknown): unknown {
	return typeof value === 'object' && value !== null && 'S' in value ? value.S : value;
}

/** What any call is called: a write as above; `receive-batches`, `get-manifests`, or `get-image` for one of the images bucket. */
export function nameOfCall(command: string, input: Record<string, unknown>): string | undefined {
	if (command === 'ReceiveMessageCommand') return `receive-${queueOf(String(input.QueueUrl))}`;
	if (command !== 'GetObjectCommand') return nameOfWrite(command, input);
	return String(input.Bucket).endsWith('-images') ? 'get-image' : `get-${String(input.Key).split('/')[0]}`;
}
