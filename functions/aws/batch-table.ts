import {
	type DynamoDBDocumentClient,
	GetCommand,
	PutCommand,
	UpdateCommand,
	type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { type Batch, type BatchState, batchSchema, type DeferralReason, statesKept } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { parse } from '../core/parse.ts';
import { awsCall, conditionalWrite } from './aws-call.ts';
import { findDeferred, findUnfinished, type Unreadable } from './unfinished.ts';

/** What a change of state may say besides; what it leaves out stays, but for the reason. */
interface StateFields {
	reason?: DeferralReason;
	images?: number;
	parts?: number;
	deadlineMs?: number;
	writtenMs?: number;
}

/** The batches and how far each of them has come. Every call is safe to repeat; `get` is consistent. */
export interface Batches {
	/** Writes the intent, unless it is there. @throws BudgetNetError */
	create(batch: Batch): Promise<void>;
	get(batchId: string): Promise<Batch | undefined>;
	/**
	 * Notes a reservation, before it is asked for.
	 * @param known how many the caller has seen, so that of two planners of a batch the second meets what the first has noted
	 * @returns false when there are others: nothing was noted, and the batch is to be read again
	 * @throws BudgetNetError `conflict` when the batch is settled or void, so that whoever reads its reservations after that has
	 * them all; `invalid` when it has had too many; `not-found`
	 */
	addReservation(batchId: string, reservation: Batch['reservations'][number], known: number): Promise<boolean>;
	/**
	 * Says how far a batch has come, unless it has come further (batch.ts: statesKept). A reason that is not given is removed.
	 * @throws BudgetNetError `not-found`
	 */
	setState(batchId: string, state: BatchState, fields?: StateFields): Promise<void>;
	/**
	 * Takes its reason from a batch that is deferred for `open-reservations`, so that of many who find that it may go on now only one
	 * sends it to the planner, which gives it a reason again or sends it on.
	 * @returns whether this call took it
	 */
	wake(batchId: string): Promise<boolean>;
	/**
	 * Keeps a settled batch among the unfinished, for reservations that may still come too late. Watched once: said again, or of
	 * a batch that is not settled, it changes nothing.
	 */
	watch(batch: Batch, untilMs: number): Promise<void>;
	/** Ends that. */
	unwatch(batchId: string): Promise<void>;
	/** A tenant's deferred batches, the oldest first. One that was deferred a moment ago may be missing. */
	deferred(tenant: string, limit: number): Promise<Batch[]>;
	/**
	 * Batches of all tenants that are claiming, deferred, sent or watched; of more than `limit` those that only wait behind an
	 * older one are left out first. One that was created a moment ago may be missing; one that cannot be read is told of instead.
	 */
	unfinished(limit: number, unreadable?: Unreadable): Promise<Batch[]>;
}

const itemSchema = batchSchema.extend({ unfinished: z.string().optional() });
const finalStates: readonly BatchState[] = ['settled', 'void'];

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
			const unfinished = finalStates.includes(batch.state) ? {} : { unfinished: batch.tenant };
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
			const { state, reservations } = await getPresent(batchId);
			if (reservations.some(({ rid }) => rid === reservation.rid)) return true; // by this very call before
			if (finalStates.includes(state))
				throw new BudgetNetError('conflict', `batch ${batchId} is ${state}: it needs no reservation any more`);
			if (reservations.length >= limits.batchReservationsMax)
				throw new BudgetNetError(
					'invalid',
					`batch ${batchId} has had ${reservations.length} reservations: no more are allowed`,
				);
			return false;
		},

		async setState(batchId, state, fields = {}) {
			// Not written: the batch has come further, or it is not there at all.
			if (!(await update(changeState(batchId, state, fields)))) await getPresent(batchId);
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
		unfinished: (limit, unreadable) => findUnfinished({ dynamodb, tableName, get, limit, unreadable }),
	};
}

/** Why a batch is deferred that `wake` speaks of. */
const waitsForReservation: DeferralReason = 'open-reservations';
const notFinal = 'attribute_exists(batchId) AND NOT (#state IN (:settled, :void))';
const stateName = { '#state': 'state' };
const finalValues = { ':settled': 'settled', ':void': 'void' };

/** The list only grows: its length tells whether it is still the one that the caller has seen. */
function appendReservation(batchId: string, reservation: Batch['reservations'][number], known: number) {
	return {
		Key: { batchId },
		UpdateExpression: 'SET reservations = list_append(reservations, :list)',
		ConditionExpression: `${notFinal} AND size(reservations) = :known`,
		ExpressionAttributeNames: stateName,
		ExpressionAttributeValues: { ...finalValues, ':list': [reservation], ':known': known },
	};
}

function changeState(batchId: string, state: BatchState, fields: StateFields) {
	const said = Object.entries(fields).filter(([, value]) => value !== undefined);
	const set = ['#state = :state', ...said.map(([name]) => `${name} = :${name}`)];
	const remove = [
		...(fields.reason === undefined ? ['reason'] : []),
		...(finalStates.includes(state) ? ['unfinished'] : []),
	];
	const kept = statesKept(state).map((value) => [`:${value}`, value]);
	return {
		Key: { batchId },
		UpdateExpression: `SET ${set.join(', ')}${remove.length > 0 ? ` REMOVE ${remove.join(', ')}` : ''}`,
		ConditionExpression: `attribute_exists(batchId) AND NOT (#state IN (${kept.map(([name]) => name).join(', ')}))`,
		ExpressionAttributeNames: stateName,
		ExpressionAttributeValues: {
			...Object.fromEntries(kept),
			...Object.fromEntries(said.map(([name, value]) => [`:${name}`, value])),
			':state': state,
		},
	};
}
