import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { periodOf } from '../../functions/core/period.ts';
import { dropFiles } from '../../functions/local/drop.ts';
import { startHost } from '../../functions/local/host.ts';
import { type LocalStackCloud, startLocalStackCloud } from '../../functions/local/localstack/cloud.ts';
import { synthesiseTemplate } from '../../functions/local/localstack/synthesise.ts';
import { untilGone } from '../../functions/local/localstack/traces.ts';
import { untilAccounted } from '../../functions/local/tally.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = process.env.LOCALSTACK_FOLDER ?? join(root, '.localstack');
const sample = join(root, 'models', 'samples', 'cifar10', 'images');
const imagesDropped = 40;
const [rich, broke] = ['rich', 'broke'];

let templateFile: string;
beforeAll(async () => {
	templateFile = await synthesiseTemplate();
});

describe.each(['once', 'and again'])('the pipeline over the data plane of the synthesised template, %s', () => {
	test('labels, settles, defers, and leaves neither process nor port behind', async () => {
		let cloud: LocalStackCloud | undefined;
		const host = await startHost({
			packageFolder: join(root, 'models', 'packages', 'cifar10-resnet'),
			batchImagesMax: 32,
			windowMs: 1000,
			startCloud: async () => {
				cloud = await startLocalStackCloud({ folder, templateFile, stackName: 'budgetnet' });
				return cloud;
			},
			log: () => undefined,
		});
		try {
			const files = (await readdir(sample)).sort().slice(0, imagesDropped);
			const tenants = { [rich]: 1_000_000, [broke]: 10 };
			for (const [tenant, limitNanoUsd] of Object.entries(tenants)) {
				await host.ledger.setQuota({ tenant, limitNanoUsd, expectedImages: 0 }, Date.now());
				await dropFiles(host, tenant, sample, files, () => undefined);
			}
			const expected = new Map(Object.keys(tenants).map((tenant) => [tenant, imagesDropped]));
			const tallies = await untilAccounted(host, expected, () => undefined);
			const labelled = tallies.get(rich)?.settled.reduce((sum, facts) => sum + facts.labelled, 0);
			expect(labelled).toBe(imagesDropped);
			const account = await host.ledger.getAccount(rich, periodOf(Date.now()));
			const billed = tallies.get(rich)?.settled.reduce((sum, facts) => sum + facts.billedNanoUsd, 0);
			expect(account).toMatchObject({ spentNanoUsd: billed, open: {} });
			expect(tallies.get(broke)?.deferred.map(({ reason }) => reason)).toContain('quota');
			expect(tallies.get(broke)?.settled).toEqual([]);
		} finally {
			await host.close();
		}
		await untilGone((cloud as LocalStackCloud).traces);
	});
});
