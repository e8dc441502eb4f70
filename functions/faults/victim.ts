/** A process that runs one role and kills itself, with SIGKILL, right after the n-th write of a name. Told by one line of JSON. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Endpoints } from '../aws/clients.ts';
import type { Resources } from '../aws/resources.ts';
import type { ModelCard } from '../core/package.ts';
import { createLethalClients } from './lethal-clients.ts';
import { type Pace, type Role, startRole } from './roles.ts';

export interface VictimOrders {
	role: Role;
	endpoints: Endpoints;
	resources: Resources;
	card: ModelCard;
	/** Absent: it lives until somebody else ends it. */
	killAfter?: { name: string; occurrence: number };
	/** Every message is sent twice. */
	doubled: boolean;
	pace: Pace;
}

process.stdout.write('ready\n');
const [line] = (await once(createInterface({ input: process.stdin }), 'line')) as [string];
const { role, endpoints, resources, card, killAfter, doubled, pace } = JSON.parse(line) as VictimOrders;
let seen = 0;
const clients = createLethalClients(endpoints, {
	doubled,
	onWritten(name) {
		if (name !== killAfter?.name) return;
		seen += 1;
		if (seen === killAfter.occurrence) process.kill(process.pid, 'SIGKILL');
	},
});
startRole(role, clients, resources, card, pace);
