import { setTimeout as delay } from 'node:timers/promises';

/** Does something again and again, so long after its last end. @returns ends that, when what is under way is done */
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
