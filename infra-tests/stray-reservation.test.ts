import { DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { SQSRecord } from 'aws-lambda';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { updateReserve } from '../functions/aws/ledger-writes.ts';
import { tableNames } from '../functions/aws/tables.ts';
import { mintBatchId } from '../functions/core/batch.ts';
import { limits } from '../functions/core/limits.ts';
import { period, startSmallCloud } from './small-cloud.ts';

let cloud: Awaited<ReturnType<typeof startSmallCloud>>;
beforeAll(async () => {
	cloud = await startSmallCloud();
});
afterAll(() => cloud.close());

const limitNanoUsd = 1_000_000;

test.each([
	['beside the one that its message had', 'sent', 'dead-letter', 2],
	['the only one that it ever had', 'deferred', 'deferred-too-long', 1],
] as const)(
	'a reservation granted after its batch was settled, to a planner that then died, is freed: %s',
	async (...given) => {
		const [, state, giveUp, count] = given;
		const tenant = `acme-${count}`;
		const quota = await cloud.setLimit(tenant, limitNanoUsd);
		await cloud.stores.ledger.ensureAccount(quota, period, undefined);
		const nowMs = Date.now();
		const batchId = mintBatchId(nowMs, `0000000${count}`);
		const createdMs = nowMs - (limits.deferralDaysMax + 1) * 24 * 3600 * 1000;
		const rids = Array.from({ length: count }, () => crypto.randomUUID());
		const stray = rids.at(-1) as string;
		const request = (rid: string) => ({
			tenant,
			period,
			rid,
			batchId,
			nanoUsd: 100,
			images: 1,
			quotaRevision: quota.revision,
		});
		const image = await cloud.put(`${tenant}/image`);
		await cloud.stores.manifests.put({ v: 1, batchId, tenant, images: [image] });
		await cloud.stores.batches.create({ batchId, tenant, createdMs, state, images: 1, reservations: [] });
		for (const [known, rid] of rids.entries())
			await cloud.stores.batches.addReservation(batchId, { rid, period }, known);
		for (const rid of rids.slice(0, -1)) await cloud.stores.ledger.reserve(request(rid));
		const report = { v: 1, batchId, tenant, giveUp };
		await cloud.at(nowMs).settler({ Records: [{ messageId: '1', body: JSON.stringify(report) } as SQSRecord] });

		// Only the first of a reservation's two steps; the second would have seen the release in the journal.
		const TableName = tableNames(cloud.resources.tablePrefix).ledger;
		await cloud.clients.dynamodb.send(new UpdateCommand({ TableName, ...updateReserve(request(stray)) }));
		expect(await cloud.account(tenant)).toMatchObject({ open: { [stray]: { nanoUsd: 100 } } });

		await sweepAndSettleAt(nowMs);
		expect(await cloud.account(tenant)).toMatchObject({ open: { [stray]: { nanoUsd: 100 } } });
		const lateMs = nowMs + 2 * limits.planningSecondsMax * 1000;
		expect(await sweepAndSettleAt(lateMs)).toBe(1);
		expect(await cloud.account(tenant)).toMatchObject({ open: {}, availableNanoUsd: limitNanoUsd, spentNanoUsd: 0 });
		expect(await sweepAndSettleAt(lateMs)).toBe(0);
	},
);

/** @returns how many reports the sweeper asked for */
async function sweepAndSettleAt(nowMs: number): Promise<number> {
	const { sweeper, settler } = cloud.at(nowMs);
	await sweeper();
	const QueueUrl = cloud.resources.reportsUrl;
	const { Messages = [] } = await cloud.clients.sqs.send(new ReceiveMessageCommand({ QueueUrl }));
	for (const { Body: body = '', MessageId: messageId = '', ReceiptHandle } of Messages) {
		expect(await settler({ Records: [{ messageId, body } as SQSRecord] })).toEqual({ batchItemFailures: [] });
		await cloud.clients.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
	}
	return Messages.length;
}
