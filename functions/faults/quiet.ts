import { setTimeout as delay } from 'node:timers/promises';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import type { Clients } from '../aws/clients.ts';
import type { Resources } from '../aws/resources.ts';
import type { createHandlers } from '../local/handlers.ts';

const lookEveryMs = 100;
const quietSecondsMax = 40;

/** A cloud with one tenant's images in it. */
export interface Dropped {
	clients: Clients;
	resources: Resources;
	stores: ReturnType<typeof createHandlers>;
	tenant: string;
	images: number;
	/** The marker of the drop that was closed, if one was. */
	marker?: string;
	period: string;
}

/**
 * Waits until every image is settled or deferred, nothing is reserved, and the queues are empty (except the sweeper's
 * own). Gives up after a while: whatever is missing then is lost, and the oracle counts it.
 */
export async function untilQuiet(cloud: Dropped): Promise<void> {
	const untilMs = Date.now() + quietSecondsMax * 1000;
	const looksQuiet = async () => (await isQuiet(cloud)) && (await areEmpty(cloud));
	while (Date.now() < untilMs) {
		if (await looksQuiet()) {
			// Money that the last settlement gave back may be enough for a deferred batch: only trying shows.
			await resumeOldest(cloud);
			if (await looksQuiet()) return;
		}
		await delay(lookEveryMs);
	}
}

async function resumeOldest({ stores: { batches, resumer }, tenant }: Dropped): Promise<void> {
	const [oldest] = await batches.deferred(tenant, 1);
	if (!oldest) return;
	const body = JSON.stringify({ v: 1, batchId: oldest.batchId, tenant });
	await resumer({ Records: [{ messageId: oldest.batchId, body } as SQSRecord] });
}

async function isQuiet({ stores, tenant, images, marker, period }: Dropped): Promise<boolean> {
	const { batches, outcomes, ledger, drops } = stores;
	const unfinished = await batches.unfinished(images * 2);
	if (unfinished.some(({ state }) => state !== 'deferred')) return false;
	// Either the record is there and nothing is unfinished, or the drop is still open for what waits for money.
	if (marker !== undefined && ((await drops.openOf(marker)) === undefined) !== (unfinished.length === 0)) return false;
	let accounted = unfinished.reduce((sum, batch) => sum + (batch.images ?? 0), 0);
	for (const ref of await outcomes.list(tenant)) accounted += (await outcomes.facts(ref))?.images ?? 0;
	const account = await ledger.getAccount(tenant, period);
	return accounted >= images && Object.keys(account?.open ?? {}).length === 0;
}

async function areEmpty({ clients, resources }: Dropped): Promise<boolean> {
	for (const QueueUrl of [resources.imageEventsUrl, resources.batchesUrl, resources.reportsUrl]) {
		const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] });
		const { Attributes = {} } = await clients.sqs.send(command);
		const { ApproximateNumberOfMessages = '0', ApproximateNumberOfMessagesNotVisible = '0' } = Attributes;
		if (Number(ApproximateNumberOfMessages) + Number(ApproximateNumberOfMessagesNotVisible) > 0) return false;
	}
	return true;
}
