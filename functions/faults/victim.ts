/**
 * A process that runs one role, as one line of JSON orders. It kills itself, with SIGKILL, right after the n-th write
 * of a name, or sends itself SIGTERM right before the n-th call of a name. On SIGTERM it stops as worker and functions
 * do, and ends by itself when nothing keeps it alive.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Endpoints } from '../aws/clients.ts';
import type { Resources } from '../aws/resources.ts';
import type { ModelCard } from '../core/package.ts';
import { createLethalClients } from './lethal-clients.ts';
import { type Pace, type Role, startRole } from './roles.ts';
import { stubInference } from './stub-inference.ts';

/** A point in a process's life: the n-th time that it does something of this name. */
export interface Moment {
	name: string;
	occurrence: number;
}

export interface VictimOrders {
	role: Role;
	endpoints: Endpoints;
	resources: Resources;
	card: ModelCard;
	/** Without it and `terminateBefore` it lives until somebody else ends it. */
	killAfter?: Moment;
	/** Names are those of calls (`nameOfCall`), and `run-policy`. */
	terminateBefore?: Moment;
	/** Every message is sent twice. */
	doubled: boolean;
	pace: Pace;
}

const told = once(process, 'SIGTERM');
process.stdout.write('ready\n');
const [line] = (await once(createInterface({ input: process.stdin }), 'line')) as [string];
process.stdin.destroy();
const { role, endpoints, resources, card, killAfter, terminateBefore, doubled, pace } = JSON.parse(
	line,
) as VictimOrders;
const onWritten = signalAt(killAfter, 'SIGKILL');
const onCalling = signalAt(terminateBefore, 'SIGTERM');
const clients = createLethalClients(endpoints, { doubled, onCalling, onWritten });
const inference = stubInference(card, () => onCalling('run-policy'));
const stop = startRole(role, clients, resources, card, pace, inference);
await told;
process.stdout.write('told\n');
await stop();
for (const client of Object.values(clients)) client.destroy();

function signalAt(moment: Moment | undefined, signal: NodeJS.Signals): (name: string) => void {
	let seen = 0;
	return (name) => {
		if (name !== moment?.name) return;
		seen += 1;
		if (seen === moment.occurrence) process.kill(process.pid, signal);
	};
}
