import { z } from 'zod';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';
import { parseJson } from '../core/parse.ts';

/** Long batches that overlap protect their worker for so long at most; then it takes no other until they are done. */
export const protectedSecondsMax = 1800;

/** Keeps ECS from ending this task while a long batch runs, when fewer workers are wanted. */
export interface Protection {
	/**
	 * Runs `work`, protected once it takes longer than what ends within the grace anyway; with several at once, until the
	 * last one that does so is done. After `protectedSecondsMax` without a break, further work waits for that break, so
	 * that ECS gets its turn. A failure to get or to give back the protection is logged, and is no reason not to work.
	 */
	during<T>(work: () => Promise<T>): Promise<T>;
	/** Refuses the work that still waits: its worker stops. */
	end(): void;
}

/** Longer than any batch may run: a task whose worker dies under protection is free again after that. */
const expiresInMinutes = Math.ceil(limits.batchRunSecondsMax / 60) + 5;
const timeoutMs = 5_000;
/** The agent answers 200 also when ECS refuses: for instance while more tasks are protected than a deployment wants. */
const answerSchema = z.object({ failure: z.object({ Reason: z.string(), Detail: z.string().nullish() }).nullish() });

/** @param agentUri where ECS's agent answers (`ECS_AGENT_URI`); without it, outside ECS, nothing needs protection */
export function createProtection(agentUri: string | undefined, log: Log): Protection {
	if (agentUri === undefined) return { during: (work) => work(), end: () => undefined };
	let long = 0;
	let told = Promise.resolve();
	let over = Promise.withResolvers<void>();
	let isOverdue = false;
	/** One call after the other, so that the last wish holds. */
	const set = (enabled: boolean) => {
		told = told.then(() => tell(agentUri, enabled, log));
		return told;
	};
	const ended = Promise.withResolvers<never>();
	ended.promise.catch(() => undefined); // it is thrown where work waits
	let overdue: NodeJS.Timeout | undefined;
	const begin = () => {
		long += 1;
		if (long === 1) overdue = setTimeout(() => (isOverdue = true), protectedSecondsMax * 1000).unref();
		void set(true); // if it is protected already, this renews it
	};
	const end = async () => {
		long -= 1;
		if (long > 0) return;
		clearTimeout(overdue);
		await set(false);
		over.resolve();
		over = Promise.withResolvers<void>();
		isOverdue = false;
	};
	return {
		async during(work) {
			if (isOverdue) await Promise.race([over.promise, ended.promise]);
			let isLong = false;
			const timer = setTimeout(() => {
				isLong = true;
				begin();
			}, limits.unprotectedSeconds * 1000).unref();
			try {
				return await work();
			} finally {
				clearTimeout(timer);
				if (isLong) await end();
			}
		},
		end: () => ended.reject(new BudgetNetError('unavailable', 'its worker is stopping')),
	};
}

/** Never throws: what goes wrong is logged. */
async function tell(agentUri: string, ProtectionEnabled: boolean, log: Log): Promise<void> {
	try {
		const body = JSON.stringify({
			ProtectionEnabled,
			...(ProtectionEnabled ? { ExpiresInMinutes: expiresInMinutes } : {}),
		});
		const headers = { 'content-type': 'application/json' };
		const signal = AbortSignal.timeout(timeoutMs);
		const answer = await fetch(`${agentUri}/task-protection/v1/state`, { method: 'PUT', headers, body, signal });
		const said = await answer.text();
		if (!answer.ok) throw new Error(`${answer.status}: ${said}`);
		const { failure } = parseJson(answerSchema, said, "answer of ECS's agent");
		if (failure) throw new Error(`${failure.Reason}: ${failure.Detail ?? 'no detail'}`);
	} catch (error) {
		log('warn', 'the protection of this task could not be changed', { ProtectionEnabled, error: messageOf(error) });
	}
}
