import { limits } from '../../functions/core/limits.ts';
import { fullMacs, type ModelCard } from '../../functions/core/package.ts';
import type { Settings } from '../settings-schema.ts';
import {
	cpuUnitsPerVcpu,
	drivingQueues,
	emptyMinutes,
	imageNeededDays,
	interfaceEndpoints,
	lostEventHours,
	retentionDaysMin,
	sweepMinutes,
	zonesMax,
} from '../sizes.ts';
import { inWords, money, significant, table } from './format.ts';
import {
	batchBytes,
	claimBytes,
	idleItems,
	journalBytes,
	privateNetworkUsdMonth,
	recordsUsdMonth,
	requestsUsd,
	storedUsd,
	waitingUsdMonth,
	walkUsd,
} from './model.ts';
import type { Prices } from './prices.ts';
import { archivesTable, bindsTable, type Network, smallBatchesTable, workersTable } from './tables.ts';
import { type CpuTask, type WorkerKind, workerUsdHour } from './worker-time.ts';

const million = 1_000_000;
const largeArchive = 10_000;
const monthDays = 365 / 12;
const sweepsMonth = Math.round((monthDays * 24 * 60) / sweepMinutes);
const looksMonth = Math.round((monthDays * 24) / lostEventHours);
/** Metrics of batches that run, which are there, and cost, in the hours in which some do. */
const busyMetrics = 10;
/** From the first batch after a quiet time until its worker is there, and until an alarm has seen that it is idle. */
const startMinutes = 3;
/** What a month costs in which nothing happens: a test holds it against stack and sweeper, but for the image's size. */
export const idle = { alarmMetrics: 32, metrics: 6, queuesPolled: drivingQueues, sweepsMonth, imageGb: 0.6 };

/** docs/cost.md: what a stack costs, by the price list and these settings. */
export function costPage(prices: Prices, settings: Settings, card: ModelCard): string {
	const task = { vcpus: settings.cpu.cpuUnits / cpuUnitsPerVcpu, memoryGb: settings.cpu.memoryMib / 1024 };
	return `# What it costs

This is what \`npm run -s cost\` prints for the default settings; run it for yours. Prices are from [cdk/cost/prices.json](../cdk/cost/prices.json) (${prices.region}, as of ${prices.asOf}; ${prices.unit}).
${prices.note} Nothing on this page was ever billed: no stack could be deployed where this was written.

${idleSection(prices, settings)}

${imagesSection(prices, settings, card, task)}

${smallBatchesSection(prices, settings)}

${workersWaitSection(prices, task)}

${waitsSection(prices, settings)}

${gateSection(prices, settings, card, task)}
`;
}

function idleSection(prices: Prices, { batchImagesMax }: Settings): string {
	const recordsMillions = (millions: number) => money(recordsUsdMonth(prices, millions * million, batchImagesMax));
	const items = idleItems(prices, idle);
	return `## An idle month

${table(['what', 'USD'], [...items.map(({ what, usd }) => [what, money(usd)]), ['total', money(items.reduce((sum, { usd }) => sum + usd, 0))]])}

In a month in which batches run every hour, their metrics cost ${money(busyMetrics * prices.usd('metricMonth'))} USD more. No worker runs, and there is no NAT gateway and no load balancer.
\`privateNetwork\` costs ${money(privateNetworkUsdMonth(prices))} USD more, for ${inWords(interfaceEndpoints.length)} interface endpoints in ${inWords(zonesMax)} zones.
The search for images without a claim (${24 / lostEventHours} a day, of ${limits.sweepObjectsMax.toLocaleString('en')} objects each) costs at most ${money(looksMonth * walkUsd(prices, limits.sweepObjectsMax))} USD a month, if the bucket holds that many.

Claims never expire, so that no image (one version of an object: put again, it is another) is ever billed twice; nor do batches and journal, which say what was billed. At ${claimBytes} bytes per image, and
${batchBytes} and ${journalBytes} per batch, with point-in-time recovery, they cost **${recordsMillions(1)} USD a month for each million images** ever dropped in full batches: after a year of a million a month,
${recordsMillions(12)} USD a month. An archive has one claim, whatever it holds. For images that trickle in, batches and journal cost more than the claims ([Small batches](#small-batches)).`;
}

/** The networks that the page speaks of. */
function networksOf(card: ModelCard): [own: Network, ...others: Network[]] {
	return [
		{ name: `${card.name}, ${card.input.width} px`, gmac: fullMacs(card) / 1e9 },
		{ name: 'of 1 GMAC', gmac: 1 },
		{ name: 'of 4 GMAC (a ResNet-50 at 224 px)', gmac: 4 },
	];
}

function imagesSection(prices: Prices, settings: Settings, card: ModelCard, task: CpuTask): string {
	const { loadAloneMs, loadArchivedMs } = prices.speeds;
	const requestsUsdMillion = (archiveImages: number) =>
		requestsUsd(prices, settings.batchImagesMax, archiveImages) * million;
	const networks = networksOf(card);
	return `## A million images, dropped one by one

In batches of ${settings.batchImagesMax}, requests cost the same for every network: **${money(requestsUsdMillion(1))} USD** (${money(prices.usd('s3PutMillion'))} of it for the PUTs of the drop itself).
The table shows the cost of workers that are kept busy, by the share of the full network that the budget pays for (cpu: Fargate, ${task.vcpus} vCPU,
${money(workerUsdHour(prices, 'cpu', task))} USD an hour; gpu: g6.xlarge on Managed Instances, ${money(workerUsdHour(prices, 'gpu', task))} USD an hour; a GPU's instance runs, and is
paid for, until some minutes after its last worker). A worker loads and computes at once, and the slower of the
two, which is named beside each figure, binds it. Loading takes ${loadAloneMs.value} ms per image (${loadAloneMs.source}):

${workersTable(prices, task, networks, { drop: 'alone', requestsUsdMillion: requestsUsdMillion(1) })}

Closing the drop, so that an event says when all images are done, costs ${money(walkUsd(prices, million))} USD more: one read of a claim per image, or per archive.

### In archives of ${largeArchive.toLocaleString('en')}

Loading takes ${loadArchivedMs.value} ms per image (${loadArchivedMs.source}):

${workersTable(prices, task, networks, { drop: 'archived', requestsUsdMillion: requestsUsdMillion(largeArchive) })}

### What binds a worker, and when a GPU pays

Where loading binds, a smaller share or a faster GPU saves no worker time (what a tenant is billed follows the MACs all the same). A GPU that waits for
images costs its hours like any other: below the network size in the last column it costs more than Fargate, however fast it computes.

${bindsTable(prices, task)}`;
}

function smallBatchesSection(prices: Prices, { batchImagesMax, windowSeconds }: Settings): string {
	return `## Small batches

A batch costs requests of its own, whatever it holds. It holds what one tenant drops within one planner's window (\`windowSeconds\`, here ${windowSeconds} s). Five
planners gather at once, each with a window of its own, so a tenant whose images trickle in gets up to five batches per window.

${smallBatchesTable(prices, batchImagesMax)}`;
}

function workersWaitSection(prices: Prices, task: CpuTask): string {
	const month = (kind: WorkerKind) => (workerUsdHour(prices, kind, task) * monthDays * 24).toFixed(0);
	const minutes = emptyMinutes + startMinutes;
	const once = (kind: WorkerKind) => money((workerUsdHour(prices, kind, task) * minutes) / 60);
	return `## Workers that wait

A worker ends after ${emptyMinutes} minutes without a batch. So an image every few minutes keeps one running, however little it computes: **${month('cpu')} USD a month**
on a CPU, ${month('gpu')} with a GPU. A single image after a quiet time costs a worker's start and those minutes, some ${minutes} together: ${once('cpu')} USD, ${once('gpu')}
with a GPU (plus its instance's last minutes). If nobody waits for the labels, drop images together: once an hour, or once a day.`;
}

/** Bytes of an image, to speak of what many of them are. */
const imageKb = 100;

function waitsSection(prices: Prices, { retentionDays, imageRetentionDays = retentionDays }: Settings): string {
	const { deferral, openDrop } = waitingUsdMonth(prices, sweepsMonth);
	const days = imageRetentionDays + imageNeededDays;
	const gb = (million * imageKb * 1000) / 1024 ** 3;
	return `## What is stored, and what waits

Images are permanently deleted ${days} days after their PUT ([operators.md](operators.md#what-stays-and-how-long)). Until then, a million of ${imageKb} KB each cost **${money(gb * storedUsd(prices, days))} USD**, which is
more than their requests; with the shortest \`imageRetentionDays\`, ${retentionDaysMin}, ${money(gb * storedUsd(prices, retentionDaysMin + imageNeededDays))} USD.

Each sweep retries a tenant's oldest batch that waits for money: ${money(deferral)} USD a month for each such tenant. It also checks closed drops that wait:
${money(openDrop)} USD a month for each tenant that has one. Tenants that drop nothing, and have nothing waiting, cost nothing.`;
}

function gateSection(prices: Prices, settings: Settings, card: ModelCard, task: CpuTask): string {
	const { gmacPerSecondVcpu, gmacPerSecondGpu } = prices.speeds;
	return `## When the gate decides the bill

From this network size on, a full run costs as much as the image's requests or more; below it, dropping images in archives of a hundred or more
saves more than any gate. (Archives share no batches, so small ones save little.)

${archivesTable(prices, task, settings.batchImagesMax)}

${card.name} has ${significant(networksOf(card)[0].gmac)} GMAC. Speeds: ${gmacPerSecondVcpu.value} GMAC/s per vCPU (${gmacPerSecondVcpu.source});
${gmacPerSecondGpu.value} GMAC/s per GPU (${gmacPerSecondGpu.source}). To see what binds yours, compare a third of \`LoadTime\` (three batches load at once) with \`InferenceTime\`.`;
}
