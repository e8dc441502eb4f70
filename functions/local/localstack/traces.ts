import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { BudgetNetError } from '../../core/errors.ts';

/** What a cloud leaves behind if it does not end properly. */
export interface Traces {
	pids: number[];
	endpoints: string[];
}

const goneTimeoutMs = 10_000;
const lookEveryMs = 100;

/**
 * Waits until no process lives and no port answers.
 * @throws BudgetNetError `internal`, naming what is left after ten seconds
 */
export async function untilGone({ pids, endpoints }: Traces): Promise<void> {
	const untilMs = Date.now() + goneTimeoutMs;
	while (true) {
		const open = await Promise.all(
			endpoints.map(async (endpoint) => ((await answers(endpoint)) ? endpoint : undefined)),
		);
		const left = [...pids.filter(isAlive).map((pid) => `process ${pid}`), ...open.filter((one) => one !== undefined)];
		if (left.length === 0) return;
		if (Date.now() > untilMs) throw new BudgetNetError('internal', `still there: ${left.join(', ')}`);
		await delay(lookEveryMs);
	}
}

function isAlive(pid: number): boolean {
	try {
		return process.kill(pid, 0);
	} catch {
		return false;
	}
}

async function answers(endpoint: string): Promise<boolean> {
	const { hostname, port } = new URL(endpoint);
	const socket = connect(Number(port), hostname);
	try {
		await once(socket, 'connect');
		return true;
	} catch {
		return false;
	} finally {
		socket.destroy();
	}
}
