import { expect, test } from 'vitest';
import { createMemoryLedger } from '../core/memory-ledger.ts';
import { changeFrom } from './quota.ts';
import { wishOf } from './quota-options.ts';

test('what two people say of a quota at the same time both holds', async () => {
	const ledger = createMemoryLedger();
	const tenant = 'acme';
	const nowMs = Date.UTC(2026, 10, 24);
	const { revision: _, ...first } = await ledger.setQuota({ tenant, limitNanoUsd: 5 }, nowMs);
	let looks = 0;
	await changeFrom({ ledger, nowMs: () => nowMs }, tenant, async (_, before) => {
		looks += 1;
		if (looks === 1) await ledger.setQuota({ ...first, suspended: true }, nowMs); // the other's
		return ledger.setQuota(wishOf(tenant, before, { limit: '0.000000009' }), nowMs, before?.revision ?? 0);
	});
	expect(await ledger.getQuota(tenant)).toMatchObject({ limitNanoUsd: 9, suspended: true, revision: 3 });
	expect(looks).toBe(2);
});
