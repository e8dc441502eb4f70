import {
	type DynamoDBDocumentClient,
	GetCommand,
	PutCommand,
	UpdateCommand,
	type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import {
	type Batch,
	type BatchState,
	batchSchema,
	type DeferralReason,
	finalStates,
	isFinal,
	type NotedReservation,
	statesKept,
} from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { parse } from '../core/parse.ts';
import type { Batches, StateFields } from '../core/ports.ts';
import { awsCall, conditionalWrite } from './aws-call.ts';
import { findDeferred, findUnfinished } from './unfinished.ts';

const itemSchema = batchSchema.extend({ unfinished: z.string().optional() });

/** Batches in a DynamoDB table (batchId) with a sparse index of the unfinished ones. */
export function createBatches(dynamodb: DynamoDBDocumentClient, tableName: string): Batches {
	const what = `table ${tableName}`;

	async function get(batchId: string): Promise<Batch | undefined> {
		const command = new GetCommand({ TableName: tableName, Key: { batchId }, ConsistentRead: true });
		const { Item } = await awsCall(what, () => dynamodb.send(command));
		if (!Item) return undefined;
		const { unfinished: _, ...batch } = parse(itemSchema, Item, `batch ${batchId} in ${what}`);
		return batch;
	}

	async function getPresent(batchId: string): Promise<Batch> {
		const batch = await get(batchId);
		if (!batch) throw new BudgetNetError('not-found', `batch ${batchId} is not in ${what}`);
		return batch;
	}

	const update = (input: Omit<UpdateCommandInput, 'TableName'>) =>
		conditionalWrite(what, () => dynamodb.send(new UpdateCommand({ TableName: tableName, ...input })));

	return {
		get,

		async create(batch) {
			const unfinished = isFinal(batch) ? {} : { unfinished: batch.tenant };
			const put = new PutCommand({
				TableName: tableName,
				Item: { ...batch, ...unfinished },
				ConditionExpression: 'attribute_not_exists(batchId)',
			});
			await conditionalWrite(what, () => dynamodb.send(put));
		},

		async addReservation(batchId, reservation, known) {
			if (known < limits.batchReservationsMax && (await update(appendReservation(batchId, reservation, known))))
				return true;
			const batch = await getPresent(batchId);
			const { state, reservations } = batch;
			if (reservations.some(({ rid }) => rid === reservation.rid)) return true; // added by an earlier try of this call
			if (isFinal(batch))
				throw new BudgetNetError('conflict', `batch ${batchId} is ${state}: it needs no reservation any more`);
			if (reservations.length >= limits.batchReservationsMax)
				throw new BudgetNetError(
					'invalid',
					`batch ${batchId} has had ${reservations.length} reservations: no more are allowed`,
				);
			return false;
		},

		async setState(batchId, state, fields = {}) {
			if (await update(changeState(batchId, state, fields))) return true;
			await getPresent(batchId);
			return false;
		},

		wake: (batchId) =>
			update({
				Key: { batchId },
				UpdateExpression: 'REMOVE reason',
				ConditionExpression: '#state = :deferred AND reason = :reason',
				ExpressionAttributeNames: stateName,
				ExpressionAttributeValues: { ':deferred': 'deferred', ':reason': waitsForReservation },
			}),

		async watch({ batchId, tenant }, untilMs) {
			await update({
				Key: { batchId },
				UpdateExpression: 'SET unfinished = :tenant, watchedUntilMs = :untilMs',
				ConditionExpression: '#state = :settled AND attribute_not_exists(watchedUntilMs)',
				ExpressionAttributeNames: stateName,
				ExpressionAttributeValues: { ':tenant': tenant, ':untilMs': untilMs, ':settled': 'settled' },
			});
		},

		async unwatch(batchId) {
			await update({
				Key: { batchId },
				UpdateExpression: 'REMOVE unfinished',
				ConditionExpression: 'attribute_exists(watchedUntilMs)',
			});
		},

		deferred: (tenant, limit) => findDeferred({ dynamodb, tableName, get, limit, tenant }),
		unfinished: (limit, onUnreadable) => findUnfinished({ dynamodb, tableName, get, limit, onUnreadable }),
	};
}

/** The reason that `wake` removes from a deferred batch. */
const waitsForReservation: DeferralReason = 'open-reservations';
const stateName = { '#state': 'state' };

/** Holds for a batch that exists and is in none of these states. */
function notIn(states: readonly BatchState[]) {
	const values = Object.fromEntries(states.map((state) => [`:${state}`, state]));
	return { values, condition: `attribute_exists(batchId) AND NOT (#state IN (${Object.keys(values).join(', ')}))` };
}

/** The list only grows, so its length tells whether it is still the one that the caller has seen. */
function appendReservation(batchId: string, reservation: NotedReservation, known: number) {
	const { values, condition } = notIn(finalStates);
	return {
		Key: { batchId },
		UpdateExpression: 'SET reservations = list_append(reservations, :list)',
		ConditionExpression: `${condition} AND size(reservations) = :known`,
		ExpressionAttributeNames: stateName,
		ExpressionAttributeValues: { ...values, ':list': [reservation], ':known': known },
	};
}

function changeState(batchId: string, state: BatchState, fields: StateFields) {
	const said = Object.entries(fields).filter(([, value]) => value !== undefined);
	const set = ['#state = :state', ...said.map(([name]) => `${name} = :${name}`)];
	const remove = [...(fields.reason === undefined ? ['reason'] : []), ...(isFinal({ state }) ? ['unfinished'] : [])];
	const { values, condition } = notIn(statesKept(state));
	return {
		Key: { batchId },
		UpdateExpression: `SET ${set.join(', ')}${remove.length > 0 ? ` REMOVE ${remove.join(', ')}` : ''}`,
		ConditionExpression: condition,
		ExpressionAttributeNames: stateName,
		ExpressionAttributeValues: {
			...values,
			...Object.fromEntries(said.map(([name, value]) => [`:${name}`, value])),
			':state': state,
		},
	};
}
