import { once } from 'node:events';
import pMap from 'p-map';
import { limits } from '../core/limits.ts';
import type { ModelCard } from '../core/package.ts';
import { monthsInUtc, periodOf } from '../core/period.ts';
import { startCloud } from './cloud.ts';
import { judge, type Verdict } from './oracle.ts';
import { untilQuiet } from './quiet.ts';
import { restless, startRole, visibilitySeconds } from './roles.ts';
import { startVictim } from './start-victim.ts';
import type { Moment, VictimOrders } from './victim.ts';

/** Where a worker is told to stop: before each of its steps, in the order of a batch. */
export const stopMoments: readonly Moment[] = [
	{ name: 'receive-batches', occurrence: 1 },
	{ name: 'get-manifests', occurrence: 1 },
	{ name: 'get-image', occurrence: 2 },
	{ name: 'run-policy', occurrence: 1 },
	{ name: 'run-policy', occurrence: 2 },
	{ name: 'put-outcomes', occurrence: 1 },
	{ name: 'put-reports', occurrence: 1 },
	{ name: 'send-reports', occurrence: 1 },
	{ name: 'delete-batches', occurrence: 1 },
	{ name: 'receive-batches', occurrence: 2 },
];

export interface TerminationResult extends Verdict {
	terminations: number;
	/** Workers that ended by themselves with exit code 0. */
	exitedWell: number;
	/** The longest time from SIGTERM to the end of the process. */
	stopSecondsMax: number;
	images: number;
}

const workersAtOnce = 2;
/** Images for each worker that is stopped: none takes more batches than these make. */
export const imagesEach = 2 * limits.batchesAtOnce * restless.batchImagesMax;
/** A worker that has not ended after this long is killed, and counts as not ended. */
const secondsMax = limits.stopGraceSeconds;

/** Tells workers to stop, each at a moment of its batch, while images are classified; judges what is left. */
export async function terminateWorkers(options: {
	card: ModelCard;
	picture: Uint8Array;
	moments: readonly Moment[];
	/** Workers that are stopped, one at each moment in turn. */
	times: number;
	onEnded: (done: number) => void;
}): Promise<TerminationResult> {
	const { card, picture, moments, times, onEnded } = options;
	const cloud = await startCloud(card, visibilitySeconds);
	const { endpoints, clients, resources, stores, tenant } = cloud;
	const dropped = await cloud.drop(picture, times * imagesEach);
	const result = { terminations: 0, exitedWell: 0, stopSecondsMax: 0, images: dropped.length };
	const stopHandlers = startRole('handlers', clients, resources, card);
	const orders = { role: 'worker' as const, endpoints, resources, card, doubled: false, pace: restless };
	const terminateNext = async (i: number) => {
		const { code, seconds } = await terminateOne({ ...orders, terminateBefore: moments[i % moments.length] as Moment });
		result.terminations += 1;
		if (code === 0) result.exitedWell += 1;
		result.stopSecondsMax = Math.max(result.stopSecondsMax, seconds);
		onEnded(result.terminations);
	};
	await pMap(Array.from({ length: times }).keys(), terminateNext, { concurrency: workersAtOnce });
	const stopWorker = startRole('worker', clients, resources, card); // does the work that they left
	const period = periodOf(monthsInUtc, Date.now());
	await untilQuiet({ clients, resources, stores, tenant, images: dropped.length, period });
	await Promise.all([stopWorker(), stopHandlers()]);
	const verdict = await judge({ tenant, period, dropped, ...stores });
	await cloud.close();
	return { ...result, ...verdict };
}

/** Runs a worker until it has told itself to stop and is gone. */
async function terminateOne(orders: VictimOrders): Promise<{ code: number | null; seconds: number }> {
	const { process: child, ready, died } = startVictim(orders);
	const killing = setTimeout(() => child.kill('SIGKILL'), secondsMax * 1000);
	await ready;
	await Promise.race([once(child.stdout, 'data'), died]); // it reports being told to stop
	const toldMs = Date.now();
	await died;
	clearTimeout(killing);
	return { code: child.exitCode, seconds: (Date.now() - toldMs) / 1000 };
}
