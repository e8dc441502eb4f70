import type { workerKinds } from '../../functions/core/price-list.ts';
import type { Prices } from './prices.ts';

const hourSeconds = 3600;
const million = 1_000_000;

export type WorkerKind = (typeof workerKinds)[number];
export interface CpuTask {
	vcpus: number;
	memoryGb: number;
}

/** How an image comes: alone, with a request of its own, or in an archive, of which one read brings many. */
export type Drop = 'alone' | 'archived';

/** What a worker costs an hour while it runs, its public address included. */
export function workerUsdHour({ usd }: Prices, kind: WorkerKind, { vcpus, memoryGb }: CpuTask): number {
	if (kind === 'gpu') return usd('gpuInstanceHour') * (1 + usd('managedInstancesFee')) + usd('publicIpv4Hour');
	return vcpus * usd('fargateVcpuHour') + memoryGb * usd('fargateGbHour') + usd('publicIpv4Hour');
}

function gmacPerSecond({ speeds }: Prices, kind: WorkerKind, { vcpus }: CpuTask): number {
	return kind === 'gpu' ? speeds.gmacPerSecondGpu.value : vcpus * speeds.gmacPerSecondVcpu.value;
}

/** What a worker that is always busy computing takes for 10^9 multiply-adds, in USD. */
export function gmacUsd(prices: Prices, kind: WorkerKind, task: CpuTask): number {
	return workerUsdHour(prices, kind, task) / hourSeconds / gmacPerSecond(prices, kind, task);
}

function loadSeconds({ speeds }: Prices, drop: Drop): number {
	return (drop === 'alone' ? speeds.loadAloneMs.value : speeds.loadArchivedMs.value) / 1000;
}

/**
 * The network, in GMAC, from which on a worker is bound by computing; below it, by loading: less compute saves nothing
 * there.
 */
export function computeBindsGmac(prices: Prices, kind: WorkerKind, task: CpuTask, drop: Drop): number {
	return loadSeconds(prices, drop) * gmacPerSecond(prices, kind, task);
}

/**
 * What a million images cost on a worker that is kept busy, in USD: it loads and computes at once, so the slower of the
 * two counts.
 */
export function workerUsdMillion(prices: Prices, kind: WorkerKind, task: CpuTask, drop: Drop, gmac: number): number {
	const seconds = Math.max(gmac / gmacPerSecond(prices, kind, task), loadSeconds(prices, drop));
	return (million * seconds * workerUsdHour(prices, kind, task)) / hourSeconds;
}

/** The network, in GMAC, from which on a GPU that loads all the time is cheaper than CPUs that compute all the time. */
export function gpuPaysGmac(prices: Prices, task: CpuTask, drop: Drop): number {
	return workerUsdMillion(prices, 'gpu', task, drop, 0) / million / gmacUsd(prices, 'cpu', task);
}
