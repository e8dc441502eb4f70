import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { VictimOrders } from './victim.ts';

export interface Victim {
	process: ChildProcessByStdio<Writable, Readable, null>;
	/** Resolves when the process has its orders. */
	ready: Promise<unknown>;
	died: Promise<unknown>;
}

/** Starts a role in a process of its own. */
export function startVictim(orders: VictimOrders): Victim {
	const file = join(import.meta.dirname, 'victim.ts');
	const child = spawn(process.execPath, [file], { stdio: ['pipe', 'pipe', 'inherit'] });
	const ready = once(child.stdout, 'data').then(() => child.stdin.write(`${JSON.stringify(orders)}\n`));
	return { process: child, ready, died: once(child, 'exit') };
}
