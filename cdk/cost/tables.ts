import { workerKinds } from '../../functions/core/price-list.ts';
import { money, significant, table } from './format.ts';
import { evenGmac, recordsUsdMonth, requestsUsd } from './model.ts';
import type { Prices } from './prices.ts';
import {
	type CpuTask,
	computeBindsGmac,
	type Drop,
	gmacUsd,
	gpuPaysGmac,
	type WorkerKind,
	workerUsdMillion,
} from './worker-time.ts';

const million = 1_000_000;
const shares = [0.25, 0.5, 1];
const archiveSizes = [1, 10, 100, 1000, 10_000];

/** A network and what its full run takes, in 10^9 multiply-adds. */
export interface Network {
	name: string;
	gmac: number;
}

/**
 * What a million images cost on workers of both kinds, by network and share of its compute, and what binds a worker
 * there.
 */
export function workersTable(
	prices: Prices,
	task: CpuTask,
	networks: Network[],
	{ drop, requestsUsdMillion }: { drop: Drop; requestsUsdMillion: number },
): string {
	const row = ({ name, gmac }: Network, kind: WorkerKind) => {
		const usd = (share: number) => workerUsdMillion(prices, kind, task, drop, share * gmac);
		const loads = (share: number) => share * gmac < computeBindsGmac(prices, kind, task, drop);
		const cell = (share: number) => `${money(usd(share))} ${loads(share) ? 'loading' : 'compute'}`;
		return [name, kind, ...shares.map(cell), money(usd(1) + requestsUsdMillion)];
	};
	return table(
		['network', 'workers', ...shares.map((share) => `${share * 100} %`), 'with requests, at 100 %'],
		networks.flatMap((network) => workerKinds.map((kind) => row(network, kind))),
	);
}

/** From which networks on which kind of worker computes, and a GPU pays. */
export function bindsTable(prices: Prices, task: CpuTask): string {
	const row = (what: string, drop: Drop) => [
		what,
		...workerKinds.map((kind) => `${significant(computeBindsGmac(prices, kind, task, drop))} GMAC`),
		...workerKinds.map((kind) => money(workerUsdMillion(prices, kind, task, drop, 0))),
		`${significant(gpuPaysGmac(prices, task, drop))} GMAC`,
	];
	return table(
		[
			'dropped',
			...workerKinds.map((kind) => `${kind}: compute binds from`),
			...workerKinds.map((kind) => `${kind}: a million costs at least, USD`),
			'a GPU is cheaper from',
		],
		[row('one by one', 'alone'), row('in archives', 'archived')],
	);
}

/** Requests and records of a million images that come one by one, by how many share a batch. */
export function smallBatchesTable(prices: Prices, batchImagesMax: number): string {
	const sizes = [...[1, 10, 100].filter((size) => size < batchImagesMax), batchImagesMax];
	return table(
		['images per batch', 'requests per million, USD', 'what stays of a million in the tables, USD a month'],
		sizes.map((size) => [
			size.toLocaleString('en'),
			money(requestsUsd(prices, size, 1) * million),
			money(recordsUsdMonth(prices, million, size)),
		]),
	);
}

/** Requests of a million images by the size of their archives, and the network whose full run costs as much. */
export function archivesTable(prices: Prices, task: CpuTask, batchImages: number): string {
	return table(
		[
			'images per archive',
			'requests per million, USD',
			...workerKinds.map((kind) => `${kind}: as much as a full run of`),
		],
		archiveSizes.map((size) => {
			const usd = requestsUsd(prices, batchImages, size);
			return [
				size === 1 ? 'one by one' : size.toLocaleString('en'),
				money(usd * million),
				...workerKinds.map((kind) => `${significant(evenGmac(usd, gmacUsd(prices, kind, task)))} GMAC`),
			];
		}),
	);
}
