import { z } from 'zod';
import { messageOf } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';
import { parseJson } from '../core/parse.ts';

/** Keeps ECS from ending this task while it works, when fewer workers are wanted. */
export interface Protection {
	/** Runs `work` under protection. That the protection cannot be had or given back is logged and is no reason not to work. */
	during<T>(work: () => Promise<T>): Promise<T>;
}

/** Longer than any batch may run: what dies under protection is free again after that. */
const expiresInMinutes = Math.ceil(limits.batchRunSecondsMax / 60) + 5;
const timeoutMs = 5_000;
/** The agent answers 200 too where ECS refuses: as long as more tasks are protected than a deployment wants, for instance. */
const answerSchema = z.object({ failure: z.object({ Reason: z.string(), Detail: z.string().nullish() }).nullish() });

/** @param agentUri where ECS's agent answers (`ECS_AGENT_URI`); without it, outside ECS, nothing needs protection */
export function createProtection(agentUri: string | undefined, log: Log): Protection {
	if (agentUri === undefined) return { during: (work) => work() };
	async function set(ProtectionEnabled: boolean): Promise<void> {
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
	return {
		async during(work) {
			await set(true);
			try {
				return await work();
			} finally {
				await set(false);
			}
		},
	};
}
