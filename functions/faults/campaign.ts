import pMap from 'p-map';
import { BudgetNetError } from '../core/errors.ts';
import type { ModelCard } from '../core/package.ts';
import { startEmulators } from '../local/emulators/start.ts';
import { countWrong, kinds, nothingWrong, type Verdict } from './oracle.ts';
import type { Role } from './roles.ts';
import { type Arena, type RunSpec, runOnce } from './run.ts';

/** The last line of `npm run faults -- --json`. */
export interface CampaignResult extends Verdict {
	runs: number;
	/** Processes that were really killed after their write. */
	writesKilled: number;
	/** Processes that ended by themselves. */
	crashed: number;
	/** Names of writes after which no process was killed, although every kind of quota had its run. */
	neverKilled: string[];
	images: number;
	seconds: number;
}

/** Runs at a time: mostly they wait for messages to become visible again. */
const runsAtOnce = 4;
/** Runs in which nothing is killed and the writes are counted: one for each kind of quota. */
const rehearsals = 3;
/** Runs that share emulators. */
const arenaRuns = 48;
const nobody = { name: 'nothing', occurrence: 1 };

/** Kills a process after every named write, `seeds` times each, and adds up the oracle's verdicts. */
export async function runCampaign(options: {
	card: ModelCard;
	files: readonly Uint8Array[];
	seeds: number;
	/** Only writes of these names; by default all. */
	only?: readonly string[];
	onRun: (done: number, total: number) => void;
	/** A run that the oracle condemns, in words. */
	onWrong: (run: string) => void;
}): Promise<CampaignResult> {
	const startedMs = Date.now();
	const { card, files } = options;
	const planned = await inArena(card, files, (arena) => planRuns(arena, options.seeds));
	const specs = planned.filter(({ killAfter }) => options.only?.includes(killAfter.name) ?? true);
	for (const name of options.only ?? [])
		if (!specs.some(({ killAfter }) => killAfter.name === name))
			throw new BudgetNetError('invalid', `--only ${name}: expected one of ${namesOf(planned).join(', ')}`);
	const killedAfter = new Set<string>();
	const total = { runs: 0, writesKilled: 0, crashed: 0, images: 0, ...nothingWrong };
	const runNext = async (arena: Arena, spec: RunSpec, prefix: string) => {
		const result = await runOnce(arena, prefix, spec, () => undefined);
		for (const field of [...kinds, 'images' as const]) total[field] += result[field];
		if (countWrong(result) > 0 || result.crashed) options.onWrong(JSON.stringify({ ...spec, ...result }));
		total.runs += 1;
		if (result.killed) total.writesKilled += 1;
		if (result.crashed) total.crashed += 1;
		if (result.killed) killedAfter.add(spec.killAfter.name);
		options.onRun(total.runs, specs.length);
	};
	for (let from = 0; from < specs.length; from += arenaRuns)
		await inArena(card, files, (arena) =>
			pMap(specs.slice(from, from + arenaRuns), (spec, i) => runNext(arena, spec, `run${i}`), {
				concurrency: runsAtOnce,
			}),
		);
	const neverKilled = options.seeds < rehearsals ? [] : namesOf(specs).filter((name) => !killedAfter.has(name));
	return { ...total, neverKilled, seconds: Math.round((Date.now() - startedMs) / 1000) };
}

/**
 * Whether the campaign has shown what it must show: that processes were killed wherever they can be, and that nothing
 * is wrong.
 */
export function hasPassed(result: CampaignResult): boolean {
	const { writesKilled, crashed, neverKilled } = result;
	return writesKilled > 0 && crashed === 0 && neverKilled.length === 0 && countWrong(result) === 0;
}

function namesOf(specs: readonly RunSpec[]): string[] {
	return [...new Set(specs.map(({ killAfter }) => killAfter.name))];
}

/** Emulators for some runs: they keep everything, and so become slow. */
async function inArena<T>(card: ModelCard, files: Arena['files'], action: (arena: Arena) => Promise<T>): Promise<T> {
	const emulators = await startEmulators({ notifications: [] });
	try {
		return await action({ emulators, card, files });
	} finally {
		await emulators.close();
	}
}

/** Counts the writes of runs in which nobody is killed; the planned runs then kill after each of them in turn. */
async function planRuns(arena: Arena, seeds: number): Promise<RunSpec[]> {
	const counts = new Map<string, number>();
	for (let seed = 0; seed < rehearsals; seed++)
		for (const role of ['handlers', 'worker'] as const) {
			const seen = new Map<string, number>();
			// The role that is not the victim runs in this process, where its writes can be counted.
			await runOnce(arena, `rehearsal${seed}${role}`, { role, killAfter: nobody, seed }, (by: Role, name) =>
				seen.set(`${by} ${name}`, (seen.get(`${by} ${name}`) ?? 0) + 1),
			);
			for (const [name, count] of seen) counts.set(name, Math.max(counts.get(name) ?? 0, count));
		}
	return [...counts].flatMap(([roleAndName, count]) => {
		const [role, name] = roleAndName.split(' ') as [Role, string];
		return Array.from({ length: seeds }, (_, seed) => ({
			role,
			killAfter: { name, occurrence: 1 + (seed % Math.min(count, 4)) },
			seed,
		}));
	});
}
