import { functionMemoryMib, interfaceEndpoints, resumerMemoryMib, zonesMax } from '../sizes.ts';
import type { Prices } from './prices.ts';

const million = 1_000_000;
const monthHours = 730;
const functionGb = functionMemoryMib / 1024;

/** Requests that one thing causes; of DynamoDB its units. A test counts those of an image and of a batch. */
export interface Requests {
	s3Put?: number;
	s3Get?: number;
	dynamoDbWrite?: number;
	dynamoDbRead?: number;
	sqsRequest?: number;
	snsPublish?: number;
	lambdaRequest?: number;
}

/**
 * Of an image that is dropped alone: its PUT, its event (sent, a tenth of a receive and of a delete), its claim, its
 * GET.
 */
export const ofImage: Requests = { s3Put: 1, sqsRequest: 1.2, dynamoDbWrite: 1, s3Get: 1 };
/**
 * Of an archive, whatever it holds: the same, and the list of its entries, and its own way through the queue of plans.
 */
const ofArchive: Requests = { s3Put: 2, sqsRequest: 4.2, dynamoDbWrite: 2, s3Get: 6, lambdaRequest: 1 };
/** Writes of a batch's item that its index follows: as it is made, sent and settled. */
export const indexWritesOfBatch = 3;
/**
 * Of a batch: candidates, manifest, outcomes and report, and looks at them; item, reservation and settlement, and the
 * index; what is asked of quota, stops and what waits behind it; two messages, each sent, received and deleted; what S3
 * tells the topic of outcomes, whether somebody has subscribed or not.
 */
export const ofBatch: Requests = {
	s3Put: 4,
	s3Get: 3,
	dynamoDbWrite: 9 + indexWritesOfBatch,
	dynamoDbRead: 12,
	sqsRequest: 6,
	snsPublish: 1,
	lambdaRequest: 2,
};
/** Lines of planner, worker and settler, with the metrics in them, and what Lambda adds. An estimate. */
const logBytesOfBatch = 2600;
/**
 * Time of functions that a batch takes, and each of its images, which is claimed or listed: some 4 s for 512.
 * Estimates.
 */
const functionSecondsOfBatch = 1;
const functionSecondsOfImage = 0.006;

function usdOfRequests({ usd }: Prices, requests: Requests): number {
	return Object.entries(requests).reduce((sum, [name, count]) => sum + (count * usd(`${name}Million`)) / million, 0);
}

/**
 * Requests of one image, in USD, when `batchImagesMax` share a batch at most and `archiveImages` an archive (1: dropped
 * alone). An archive's images share batches with each other only.
 */
export function requestsUsd(prices: Prices, batchImagesMax: number, archiveImages: number): number {
	const batches = Math.ceil(archiveImages / batchImagesMax);
	const batchImages = archiveImages === 1 ? batchImagesMax : archiveImages / batches;
	const drop = archiveImages === 1 ? usdOfRequests(prices, ofImage) : usdOfRequests(prices, ofArchive) / archiveImages;
	const functionSeconds = functionSecondsOfBatch / batchImages + functionSecondsOfImage;
	const functions = functionSeconds * functionGb * prices.usd('lambdaGbSecond');
	const logs = (logBytesOfBatch / 1024 ** 3) * prices.usd('logGb');
	return drop + functions + (usdOfRequests(prices, ofBatch) + logs) / batchImages;
}

/**
 * Of a sweep that tries a tenant's oldest deferred batch again, which the quota does not pay: its message, what is read
 * (batch, quota, account, the stops, the alert), and three writes that say again what stands there.
 */
const ofDeferral: Requests = { sqsRequest: 3, lambdaRequest: 1, dynamoDbRead: 8, dynamoDbWrite: 3 };
/** Of the planner's second function. An estimate. */
const gbSecondsOfDeferral = 0.2 * (resumerMemoryMib / 1024);
/**
 * Of a sweep that looks at a tenant's open drop, which waits: two listings, the drop, whether it has a record, the claim
 * and the batch of its first image.
 */
const ofOpenDrop: Requests = { s3Put: 2, s3Get: 2, dynamoDbRead: 2 };
const gbSecondsOfOpenDrop = 0.15 * functionGb;

/** What a tenant costs a month that waits for money all the time, and one whose closed drop waits. */
export function waitingUsdMonth(prices: Prices, sweepsMonth: number): { deferral: number; openDrop: number } {
	const gbSecond = prices.usd('lambdaGbSecond');
	return {
		deferral: sweepsMonth * (usdOfRequests(prices, ofDeferral) + gbSecondsOfDeferral * gbSecond),
		openDrop: sweepsMonth * (usdOfRequests(prices, ofOpenDrop) + gbSecondsOfOpenDrop * gbSecond),
	};
}

/** What a GB costs that lies in the images bucket for so many days. */
export function storedUsd({ usd }: Prices, days: number): number {
	return (usd('s3GbMonth') * days * 24) / monthHours;
}

/**
 * Multiply-adds of a network whose full run costs as much as an image's requests: from there on the gate decides the
 * bill.
 */
export function evenGmac(requestsUsd: number, gmacUsd: number): number {
	return requestsUsd / gmacUsd;
}

export interface IdleItem {
	what: string;
	usd: number;
}

/** A month in which nothing is dropped. Metrics and alarms count by the metric. */
export function idleItems(
	{ usd }: Prices,
	counts: { alarmMetrics: number; metrics: number; queuesPolled: number; sweepsMonth: number; imageGb: number },
): IdleItem[] {
	const pollsMonth = 5 * 3 * 60 * monthHours; // five pollers a queue, each asking three times a minute
	return [
		{ what: `alarms, ${counts.alarmMetrics} metrics`, usd: counts.alarmMetrics * usd('alarmMetricMonth') },
		{ what: `custom metrics that the sweeper maintains, ${counts.metrics}`, usd: counts.metrics * usd('metricMonth') },
		{
			what: `Lambda polls ${counts.queuesPolled} queues`,
			usd: (counts.queuesPolled * pollsMonth * usd('sqsRequestMillion')) / million,
		},
		{
			what: `${counts.sweepsMonth} sweeps of one second`,
			usd: counts.sweepsMonth * functionGb * usd('lambdaGbSecond'),
		},
		{ what: 'each lists the open drops', usd: (counts.sweepsMonth * usd('s3PutMillion')) / million },
		{ what: "the worker's image", usd: counts.imageGb * usd('imageGbMonth') },
	];
}

/**
 * Bytes of the items that stay for ever, with the 100 that DynamoDB adds to each: of a claim (a key of some sixty
 * characters, its version, its batch), of a settled batch, and of its entry in the journal, as the emulated tables have
 * them.
 */
export const claimBytes = 205;
export const batchBytes = 265;
export const journalBytes = 305;

/**
 * What the records of so many images that were dropped alone, `batchImages` of them a batch, cost a month, for ever.
 */
export function recordsUsdMonth({ usd }: Prices, images: number, batchImages: number): number {
	const bytes = images * (claimBytes + (batchBytes + journalBytes) / batchImages);
	return (bytes / 1024 ** 3) * (usd('tableGbMonth') + usd('tableBackupGbMonth'));
}

/** Interface endpoints, each in every zone, whether used or not. */
export function privateNetworkUsdMonth({ usd }: Prices): number {
	return interfaceEndpoints.length * zonesMax * monthHours * usd('interfaceEndpointZoneHour');
}

/**
 * What a walk through so many images costs: their listing, a thousand at a time, and a note of how far it has come; and
 * of each its claim, which is priced by the item, however many one request reads. Old versions, which are listed too,
 * are not counted.
 */
export function walkUsd({ usd }: Prices, images: number): number {
	const ofImage = (2 * usd('s3PutMillion')) / 1000 + usd('dynamoDbReadMillion');
	return (images * ofImage) / million;
}
