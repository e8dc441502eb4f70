import { limits } from '../../functions/core/limits.ts';
import { fullMacs, type ModelCard } from '../../functions/core/package.ts';
import type { Settings } from '../settings-schema.ts';
import { drivingQueues, reconcileHours, sweepMinutes } from '../sizes.ts';
import {
	evenGmac,
	gmacUsd,
	idleItems,
	privateNetworkUsdMonth,
	requestsUsd,
	type WorkerKind,
	walkUsd,
	workerUsdHour,
} from './model.ts';
import type { Prices } from './prices.ts';

const million = 1_000_000;
const shares = [0.25, 0.5, 1];
const kinds: WorkerKind[] = ['cpu', 'gpu'];
const archiveSizes = [1, 10, 100, 1000, 10_000];
const monthDays = 365 / 12;
const sweepsMonth = Math.round((monthDays * 24 * 60) / sweepMinutes);
const looksMonth = Math.round((monthDays * 24) / reconcileHours);
/** What a month costs in which nothing happens; a test holds it against the stack. */
export const idle = { alarmMetrics: 22, metrics: 4, queuesPolled: drivingQueues, sweepsMonth, imageGb: 0.6 };

/** docs/cost.md: what a stack costs, by the price list and these settings. */
export function costPage(prices: Prices, settings: Settings, card: ModelCard): string {
	const task = { vcpus: settings.cpu.cpuUnits / 1024, memoryGb: settings.cpu.memoryMib / 1024 };
	const batch = settings.batchImagesMax;
	const networks = [
		{ name: `${card.name}, ${card.input.width} px`, gmac: fullMacs(card) / 1e9 },
		{ name: 'of 1 GMAC', gmac: 1 },
		{ name: 'of 4 GMAC (a ResNet-50 at 224 px)', gmac: 4 },
	];
	const gmacs = Object.fromEntries(kinds.map((kind) => [kind, gmacUsd(prices, kind, task)])) as Record<
		WorkerKind,
		number
	>;
	const items = idleItems(prices, idle);
	const single = requestsUsd(prices, batch, 1);
	return `# What it costs

Written by \`npm run cost\`, which replaces this page by one for your settings, from [cdk/cost/prices.json](../cdk/cost/prices.json) (${prices.region}, as of ${prices.asOf}; ${prices.unit}).
${prices.note} Nothing on this page was billed: no stack of this could be deployed where it was written.

## An idle month

${table(['what', 'USD'], [...items.map(({ what, usd }) => [what, money(usd)]), ['together', money(items.reduce((sum, { usd }) => sum + usd, 0))]])}

No worker runs, no NAT gateway, no load balancer. With \`privateNetwork\`: ${money(privateNetworkUsdMonth(prices))} USD more, for seven interface endpoints in two zones.
Images that stay in the bucket cost their storage, and the search for images without a claim (${24 / reconcileHours} looks a day at ${limits.sweepObjectsMax.toLocaleString('en')} objects) at
most ${money(looksMonth * walkUsd(prices, limits.sweepObjectsMax))} USD a month.

## A million images, dropped one by one

Requests, the same for every network, in batches of ${batch}: **${money(single * million)} USD** (${money(prices.usd('s3PutMillion'))} of them for the PUTs of the drop itself).
Compute, by the share of the full network that the budget pays, on a worker that is kept busy (cpu: Fargate, ${task.vcpus} vCPU,
${money(workerUsdHour(prices, 'cpu', task))} USD an hour; gpu: g6.xlarge on Managed Instances, ${money(workerUsdHour(prices, 'gpu', task))} USD an hour):

${table(
	['network', 'workers', ...shares.map((share) => `${share * 100} %`), 'with requests, at 100 %'],
	networks.flatMap(({ name, gmac }) =>
		kinds.map((kind) => [
			name,
			kind,
			...shares.map((share) => money(share * gmac * gmacs[kind] * million)),
			money((gmac * gmacs[kind] + single) * million),
		]),
	),
)}

To close the drop, so that an event says when all are done, costs ${money(walkUsd(prices, million))} USD more: each image costs a HEAD and two reads of its claim. Of an archive only itself does.

## When the gate decides the bill

A full run costs as much as the image's requests from this network size on; below it, dropping images in archives saves more than any gate:

${table(
	['images an archive', 'requests a million, USD', ...kinds.map((kind) => `as much as a full run of, on ${kind}`)],
	archiveSizes.map((size) => {
		const requests = requestsUsd(prices, batch, size);
		return [
			size === 1 ? 'one by one' : size.toLocaleString('en'),
			money(requests * million),
			...kinds.map((kind) => `${significant(evenGmac(requests, gmacs[kind]))} GMAC`),
		];
	}),
)}

${card.name} has ${significant(networks[0]?.gmac ?? 0)} GMAC. Speeds: ${prices.speeds.gmacPerSecondVcpu.value} GMAC/s a vCPU (${prices.speeds.gmacPerSecondVcpu.source});
${prices.speeds.gmacPerSecondGpu.value} GMAC/s a GPU (${prices.speeds.gmacPerSecondGpu.source}). A worker also waits for images: \`LoadTime\` beside \`InferenceTime\` tells.
`;
}

function table(head: string[], rows: string[][]): string {
	return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function money(usd: number): string {
	return usd >= 0.1 || usd === 0 ? usd.toFixed(2) : usd.toPrecision(2);
}

function significant(value: number): string {
	return value >= 100 ? value.toFixed(0) : Number(value.toPrecision(2)).toString();
}
