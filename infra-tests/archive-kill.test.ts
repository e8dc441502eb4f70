import { expect, test } from 'vitest';
import { buildZip } from '../functions/archive/testing/build.ts';
import { restless } from '../functions/faults/roles.ts';
import { startVictim } from '../functions/faults/start-victim.ts';
import { startSmallCloud } from './small-cloud.ts';

const tenant = 'acme';
const names = Array.from({ length: 10 }, (_, i) => `${i}.png`); // batches are of 4: three parts
const patience = { timeout: 200_000, interval: 200 };

/**
 * The writes of opening an archive, in order; what comes before and after them happens for every batch (`npm run
 * faults`).
 */
test.each([
	['claim', 1],
	['send-plans', 1],
	['put-entries', 1],
	['put-manifests', 1],
	['intent', 2], // the item of the last part: the archive's own was the first
	['intent', 3],
	['put-manifests', 3],
	['state-claiming', 1],
	['send-batches', 1],
	['state-sent', 2],
])(
	'when a planner is killed right after %s %i, another goes on, and every image has one outcome and is paid for once',
	async (name, occurrence) => {
		const cloud = await startSmallCloud();
		const { endpoints, resources, card, picture } = cloud;
		const { outcomes } = cloud.stores;
		try {
			await cloud.setLimit(tenant, 10_000_000);
			await cloud.drop(`${tenant}/a.zip`, await buildZip(names.map((entry) => ({ name: entry, content: picture }))));
			const orders = { role: 'handlers', killAfter: { name, occurrence }, doubled: true, pace: restless } as const;
			const victim = startVictim({ ...orders, endpoints, resources, card });
			await victim.died;
			expect(victim.process.signalCode).toBe('SIGKILL');
			cloud.start('handlers');
			cloud.start('worker');
			const entries = async () => (await cloud.outcomesOf(tenant)).map(({ entry }) => entry).sort();
			await expect.poll(entries, patience).toEqual(names);
			await expect.poll(async () => (await cloud.account(tenant))?.open, patience).toEqual({});
			const facts = await Promise.all((await outcomes.list(tenant)).map((ref) => outcomes.facts(ref)));
			const billed = facts.reduce((sum, found) => sum + (found?.billedNanoUsd ?? 0), 0);
			expect((await cloud.account(tenant))?.spentNanoUsd).toBe(billed);
			expect(await entries()).toEqual(names);
		} finally {
			await cloud.close();
		}
	},
	240_000,
);
