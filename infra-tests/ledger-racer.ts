/**
 * A process that races with others for one account: it reserves, settles, settles again, releases, in an order drawn
 * from its seed, and kills itself after some write. One line of JSON tells it where and how.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Endpoints } from '../functions/aws/clients.ts';
import { openLedgerStore } from '../functions/aws/ledger-store.ts';
import { createLedgerTable } from '../functions/aws/ledger-table.ts';
import { BudgetNetError } from '../functions/core/errors.ts';
import { seededRandom } from '../functions/core/random.ts';
import { createLethalClients } from '../functions/faults/lethal-clients.ts';

export interface RacerOrders {
	endpoints: Endpoints;
	table: string;
	tenant: string;
	period: string;
	seed: number;
	commands: number;
	/** Dies after so many writes. */
	dieAfterWrites: number;
}

const [line] = (await once(createInterface({ input: process.stdin }), 'line')) as [string];
const { endpoints, table, tenant, period, seed, commands, dieAfterWrites } = JSON.parse(line) as RacerOrders;
let writes = 0;
const clients = createLethalClients(endpoints, {
	doubled: false,
	onWritten() {
		writes += 1;
		if (writes === dieAfterWrites) process.kill(process.pid, 'SIGKILL');
	},
});
const ledger = createLedgerTable(openLedgerStore(clients.dynamodb, table));
const random = seededRandom(seed);
const open: { rid: string; nanoUsd: number }[] = [];

for (let command = 0; command < commands; command++) {
	const entry = open[Math.floor(random() * open.length)];
	const draw = random();
	if (draw < 0.5 || !entry) await reserve(command);
	else {
		const billedNanoUsd = draw < 0.8 ? Math.floor(random() * (entry.nanoUsd + 1)) : 0;
		await ledger.settle({ tenant, period, rid: entry.rid, batchId: batchIdOf(command), billedNanoUsd, images: 1 });
		if (draw < 0.65) open.splice(open.indexOf(entry), 1); // otherwise it may be settled once more
	}
	process.stdout.write('.'); // counted by the parent, also when this process dies
}
for (const client of Object.values(clients)) client.destroy();

async function reserve(command: number): Promise<void> {
	const quota = await ledger.getQuota(tenant);
	const nanoUsd = 1 + Math.floor(random() * 40);
	const rid = crypto.randomUUID();
	const request = {
		tenant,
		period,
		rid,
		batchId: batchIdOf(command),
		nanoUsd,
		images: 1,
		quotaRevision: quota?.revision ?? 0,
	};
	try {
		if ((await ledger.reserve(request)) === undefined) open.push({ rid, nanoUsd });
	} catch (error) {
		// lost too many races: as good as refused
		if (!(error instanceof BudgetNetError) || error.code !== 'unavailable') throw error;
	}
}

function batchIdOf(command: number): string {
	return `20261124T113012${String(command % 1000).padStart(3, '0')}Z-${(seed >>> 0).toString(16).padStart(8, '0')}`;
}
