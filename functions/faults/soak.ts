import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Outcomes } from '../aws/outcomes.ts';
import { limits } from '../core/limits.ts';
import { median } from '../core/median.ts';
import type { ModelCard } from '../core/package.ts';
import { startCloud } from './cloud.ts';
import type { Role } from './roles.ts';
import { startVictim, type Victim } from './start-victim.ts';

export interface SoakResult {
	images: number;
	accounted: number;
	/** By process: median resident size in the last quarter of the images, as a part of that in the second quarter. */
	growth: Record<Role, number>;
	residentMegabytes: Record<Role, number>;
	/** Processes that, told to stop, ended by themselves with exit code 0: nothing kept them alive. */
	endedWell: Record<Role, boolean>;
	seconds: number;
}

const pace = { batchImagesMax: 256, sweepEveryMs: 30_000 };
const lookEveryMs = 500;
const secondsMax = 1800;

type Processes = Record<Role, Victim>;

interface Sample {
	accounted: number;
	bytes: Record<Role, number>;
}

/**
 * Sends many images through worker and handlers, each a process of its own with a stubbed network, and watches their
 * resident size. The emulators, which keep everything, are in this process.
 */
export async function soak(
	card: ModelCard,
	picture: Uint8Array,
	images: number,
	onProgress: (accounted: number) => void,
): Promise<SoakResult> {
	const startedMs = Date.now();
	const cloud = await startCloud(card, limits.visibilitySeconds);
	const { endpoints, resources, stores, tenant } = cloud;
	const start = (role: Role) => startVictim({ role, endpoints, resources, card, doubled: false, pace });
	const processes: Processes = { handlers: start('handlers'), worker: start('worker') };
	await Promise.all([processes.handlers.ready, processes.worker.ready]);
	const dropping = cloud.drop(picture, images);
	const samples = await watch(stores.outcomes, tenant, processes, images, onProgress);
	await dropping;
	const endedWell = {
		handlers: await endedBySignal(processes.handlers),
		worker: await endedBySignal(processes.worker),
	};
	await cloud.close();
	const seconds = Math.round((Date.now() - startedMs) / 1000);
	return { images, accounted: samples.at(-1)?.accounted ?? 0, ...growthOf(samples, images), endedWell, seconds };
}

/** Looks twice a second at how many images have outcomes, and how large the processes are. */
async function watch(
	outcomes: Outcomes,
	tenant: string,
	processes: Processes,
	images: number,
	onProgress: (accounted: number) => void,
): Promise<Sample[]> {
	const counted = new Map<string, number>();
	const samples: Sample[] = [];
	const untilMs = Date.now() + secondsMax * 1000;
	while (Date.now() < untilMs) {
		for (const ref of await outcomes.list(tenant))
			if (!counted.has(ref.batchId)) counted.set(ref.batchId, (await outcomes.facts(ref))?.images ?? 0);
		const accounted = [...counted.values()].reduce((sum, count) => sum + count, 0);
		const bytes = { handlers: await residentBytes(processes.handlers), worker: await residentBytes(processes.worker) };
		samples.push({ accounted, bytes });
		onProgress(accounted);
		if (accounted >= images) break;
		await delay(lookEveryMs);
	}
	return samples;
}

/** Tells a process to stop. @returns whether it then ended by itself, well and in time */
async function endedBySignal({ process: child, died }: Victim): Promise<boolean> {
	const killing = setTimeout(() => child.kill('SIGKILL'), limits.stopGraceSeconds * 1000);
	child.kill('SIGTERM');
	await died;
	clearTimeout(killing);
	return child.exitCode === 0;
}

function growthOf(samples: readonly Sample[], images: number) {
	const quarter = (n: number, role: Role) =>
		median(
			samples
				.filter(({ accounted }) => Math.min(3, Math.floor((4 * accounted) / images)) === n)
				.map(({ bytes }) => bytes[role]),
		);
	const of = (role: Role) => Math.round((1000 * quarter(3, role)) / quarter(1, role)) / 1000;
	const size = (role: Role) => Math.round(quarter(3, role) / 1e6);
	return {
		growth: { handlers: of('handlers'), worker: of('worker') },
		residentMegabytes: { handlers: size('handlers'), worker: size('worker') },
	};
}

/** A process's resident size, on Linux; 0 elsewhere. */
async function residentBytes({ process: { pid } }: Victim): Promise<number> {
	const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
	return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
}
