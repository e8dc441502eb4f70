import { z } from 'zod';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';
import { parseJson } from '../core/parse.ts';

/** Long batches that overlap protect their worker for so long; then it takes no other until they are done. */
export const protectedSecondsMax = 1800;

/** Keeps ECS from ending this task while a long batch runs, when fewer workers are wanted. */
export interface Protection {
	/**
	 * Runs `work`, under protection once it takes longer than what is over within the grace anyway; of several at once,
	 * until the last one that does is done. After `protectedSecondsMax` without an end further work waits for that, for
	 * ECS to have its turn. That the protection cannot be had or given back is logged and is no reason not to work.
	 */
	during<T>(work: () => Promise<T>): Promise<T>;
	/** Refuses the work that waits: its worker stops. */
	end(): void;
}

/** Longer than any batch may run: what dies under protection is free again after that. */
const expiresInMinutes = Math.ceil(limits.batchRunSecondsMax / 60) + 5;
const timeoutMs = 5_000;
/**
 * The agent answers 200 too where ECS refuses: as long as more tasks are protected than a deployment wants, for
 * instance.
 */
const answerSchema = z.object({ failure: z.object({ Reason: z.string(), Detail: z.string().nullish() }).nullish() });

/** @param agentUri where ECS's agent answers (`ECS_AGENT_URI`); without it, outside ECS, nothing needs protection */
export function createProtection(agentUri: string | undefined, log: Log): Protection {
	if (agentUri === undefined) return { during: (work) => work(), end: () => undefined };
	let long = 0;
	let told = Promise.resolve();
	let over = Promise.withResolvers<void>();
	let isOverdue = false;
	/** One after the other, so that what was wanted last holds. */
	const set = (enabled: boolean) => {
		told = told.then(() => tell(agentUri, enabled, log));
		return told;
	};
	const ended = Promise.withResolvers<never>();
	ended.promise.catch(() => undefined); // thrown where work waits
	let overdue: NodeJS.Timeout | undefined;
	const begin = () => {
		long += 1;
		if (long === 1) overdue = setTimeout(() => (isOverdue = true), protectedSecondsMax * 1000).unref();
		void set(true); // where it holds already, for longer from now on
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
		end: () => ended.reject(new BudgetNetError('unavailable', 'its worker stops')),
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
