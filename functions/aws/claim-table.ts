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

/**
 * DynamoDB's own limit for a partition key. A key and a version of 1,024 bytes each, with the separator, exceed it by
 * one byte.
 */
const partitionKeyBytesMax = 2048;

const claimSchema = z.strictObject({ pk: z.string(), batchId: batchIdSchema });

/** Which batch an image belongs to; written once, never changed and never removed. */
export interface Claims {
	/**
	 * True: the image belongs to this batch, by this claim or an earlier one. False: it belongs to another batch.
	 * @param run a run on purpose has claims of its own; without it, the claim is for the first run, which every image
	 * gets. An archive has one claim for all its images; those of its images that run again on purpose have one each
	 * @throws BudgetNetError `unavailable`
	 */
	claim(image: Image, batchId: string, run?: string): Promise<boolean>;
	/** The batch that has claimed an image, for its first run or the one named. @throws BudgetNetError */
	ownerOf(name: ImageName, run?: string): Promise<string | undefined>;
	/**
	 * The batches that have claimed these images for their first run, in the order of the images: one request for every
	 * `limits.claimsReadMax` of them.
	 * @throws BudgetNetError `unavailable`, also when the table still returns only a part after `limits.slowDownTries`
	 * requests
	 */
	ownersOf(names: readonly ImageName[]): Promise<(string | undefined)[]>;
}

/** Claims in a DynamoDB table (pk), one item per image. */
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
			const unique = [...new Set(keys)]; // DynamoDB refuses duplicate keys
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
 * The claims that exist for these keys. A table that is short of capacity returns only some of them, and is asked again
 * for the others.
 */
async function readClaims(dynamodb: DynamoDBDocumentClient, tableName: string, keys: readonly string[]) {
	const what = `table ${tableName}`;
	const found: z.infer<typeof claimSchema>[] = [];
	let left: Record<string, unknown>[] = keys.map((pk) => ({ pk }));
	const readSome = async () => {
		const command = new BatchGetCommand({ RequestItems: { [tableName]: { Keys: left, ConsistentRead: true } } });
		// Becomes `unavailable` here, so that a request that the client has retried often enough is not retried again
		// below.
		const { Responses, UnprocessedKeys } = await awsCall(what, () => dynamodb.send(command));
		for (const item of Responses?.[tableName] ?? []) found.push(parse(claimSchema, item, `claim in ${what}`));
		left = UnprocessedKeys?.[tableName]?.Keys ?? [];
		if (left.length > 0) throw new OnlyAPart('only a part of what was asked');
	};
	await awsCall(what, () => slowedDown(readSome));
	return found;
}

/** The name of the error by which DynamoDB refuses a whole request. */
class OnlyAPart extends Error {
	override name = 'ProvisionedThroughputExceededException';
}

/**
 * Key, version, run and entry, joined by a character that no version contains; a digest of them where that is too long.
 */
function claimKey({ key, version, entry }: ImageName, run: string | undefined): string {
	const plain = [key, version, run, entry].filter((part) => part !== undefined).join('\0');
	if (Buffer.byteLength(plain) <= partitionKeyBytesMax) return plain;
	return `sha256:${createHash('sha256').update(plain).digest('hex')}`;
}
