import { createHash } from 'node:crypto';
import { BatchGetCommand, type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { z } from 'zod';
import { batchIdSchema } from '../core/batch.ts';
import { type Image, type ImageName, nameOfImage } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import { parse } from '../core/parse.ts';
import { awsCall, conditionalWrite } from './aws-call.ts';
import { slowedDown } from './slow-down.ts';

/** DynamoDB's own limit of a partition key. A key and a version of 1,024 bytes each are one byte too long. */
const partitionKeyBytesMax = 2048;

const claimSchema = z.strictObject({ pk: z.string(), batchId: batchIdSchema });

/** Which batch an image belongs to; written once, never changed and never removed. */
export interface Claims {
	/**
	 * True: the image is this batch's, now or before. False: it is another's.
	 * @param run a run on purpose has claims of its own; without it the first run, which every image gets. An archive has
	 * one claim for all its images; those of its images that run again on purpose have one each
	 * @throws BudgetNetError `unavailable`
	 */
	claim(image: Image, batchId: string, run?: string): Promise<boolean>;
	/** The batch that has claimed an image, for its first run or the one named. @throws BudgetNetError */
	ownerOf(name: ImageName, run?: string): Promise<string | undefined>;
	/**
	 * The batches that have claimed these images for their first run, each in its image's place: a request for
	 * `limits.claimsReadMax` of them.
	 * @throws BudgetNetError `unavailable`, also when the table still gives only a part after `limits.slowDownTries`
	 * requests
	 */
	ownersOf(names: readonly ImageName[]): Promise<(string | undefined)[]>;
}

/** Claims in a DynamoDB table (pk), an item an image. */
export function createClaims(dynamodb: DynamoDBDocumentClient, tableName: string): Claims {
	const what = `table ${tableName}`;
	return {
		async claim(image, batchId, run) {
			const put = new PutCommand({
				TableName: tableName,
				Item: { pk: claimKey(nameOfImage(image), run), batchId },
				ConditionExpression: 'attribute_not_exists(pk) OR batchId = :mine',
				ExpressionAttributeValues: { ':mine': batchId },
			});
			return await conditionalWrite(what, () => dynamodb.send(put));
		},

		async ownerOf(name, run) {
			const get = new GetCommand({
				TableName: tableName,
				Key: { pk: claimKey(name, run) },
				ConsistentRead: true,
			});
			const { Item } = await awsCall(what, () => dynamodb.send(get));
			return Item && parse(claimSchema, Item, `claim of "${name.key}"`).batchId;
		},

		async ownersOf(names) {
			const keys = names.map((name) => claimKey(name, undefined));
			const unique = [...new Set(keys)]; // DynamoDB refuses to be asked for the same twice
			const pages = Array.from({ length: Math.ceil(unique.length / limits.claimsReadMax) }, (_, page) =>
				unique.slice(page * limits.claimsReadMax, (page + 1) * limits.claimsReadMax),
			);
			const found = await pMap(pages, (page) => readClaims(dynamodb, tableName, page), {
				concurrency: limits.storeConcurrency,
			});
			const owners = new Map(found.flat().map(({ pk, batchId }) => [pk, batchId]));
			return keys.map((key) => owners.get(key));
		},
	};
}

/**
 * The claims that there are of these keys. A table that is short of capacity gives some of them, and is asked again for
 * the others.
 */
async function readClaims(dynamodb: DynamoDBDocumentClient, tableName: string, keys: readonly string[]) {
	const what = `table ${tableName}`;
	const found: z.infer<typeof claimSchema>[] = [];
	let left: Record<string, unknown>[] = keys.map((pk) => ({ pk }));
	const readSome = async () => {
		const command = new BatchGetCommand({ RequestItems: { [tableName]: { Keys: left, ConsistentRead: true } } });
		// Named `unavailable` here, so that what the client has asked again often enough is not asked again below.
		const { Responses, UnprocessedKeys } = await awsCall(what, () => dynamodb.send(command));
		for (const item of Responses?.[tableName] ?? []) found.push(parse(claimSchema, item, `claim in ${what}`));
		left = UnprocessedKeys?.[tableName]?.Keys ?? [];
		if (left.length > 0) throw new OnlyAPart('only a part of what was asked');
	};
	await awsCall(what, () => slowedDown(readSome));
	return found;
}

/** As DynamoDB says it of a whole request. */
class OnlyAPart extends Error {
	override name = 'ProvisionedThroughputExceededException';
}

/** Key and version, kept apart by a character that stands in no version; its digest where that is too long. */
function claimKey({ key, version, entry }: ImageName, run: string | undefined): string {
	const plain = [key, version, run, entry].filter((part) => part !== undefined).join('\0');
	if (Buffer.byteLength(plain) <= partitionKeyBytesMax) return plain;
	return `sha256:${createHash('sha256').update(plain).digest('hex')}`;
}
