import { setTimeout as delay } from 'node:timers/promises';

/**
 * Repeats something, `ms` after it last ended. @returns stops the repetition, and resolves when what is under way is
 * done
 */
export function everyMs(ms: number, act: () => Promise<void>): () => Promise<void> {
	const ended = new AbortController();
	const running = (async () => {
		while (!ended.signal.aborted) {
			await delay(ms, undefined, { signal: ended.signal }).catch(() => undefined);
			if (!ended.signal.aborted) await act();
		}
	})();
	return () => {
		ended.abort();
		return running;
	};
}
