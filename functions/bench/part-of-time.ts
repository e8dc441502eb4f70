/** Wall time of an action as a part of what another takes right before it: a machine's speed may waver. */
export async function partOfTime(action: () => Promise<unknown>, before: () => Promise<unknown>): Promise<number> {
	const beforeMs = await timeMs(before);
	return (await timeMs(action)) / beforeMs;
}

async function timeMs(action: () => Promise<unknown>): Promise<number> {
	const startedMs = performance.now();
	await action();
	return performance.now() - startedMs;
}
