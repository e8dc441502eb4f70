import { describe, test } from 'vitest';
import type { Ledger } from '../ports.ts';
import { periodContract, quotaContract } from './ledger-contract-quota.ts';
import { deferralContract, reserveContract, stopContract } from './ledger-contract-reserve.ts';
import { settleContract } from './ledger-contract-settle.ts';
import { checkLedgerModel } from './ledger-model.ts';
import { createTrial } from './ledger-trial.ts';

/**
 * What every adapter of the port `Ledger` must do.
 * @param make gives an empty ledger; called once
 * @param runs of the model test, of up to 20 steps each
 */
export function ledgerContract(name: string, make: () => Promise<Ledger>, runs: number): void {
	describe(`ledger in ${name}`, () => {
		const trial = createTrial(make);
		reserveContract(trial);
		deferralContract(trial);
		settleContract(trial);
		quotaContract(trial);
		periodContract(trial);
		stopContract(trial);

		test('keeps its promises however commands are doubled and interleaved', async () => {
			await checkLedgerModel(trial.ledger(), trial.newTenant, runs);
		});
	});
}
