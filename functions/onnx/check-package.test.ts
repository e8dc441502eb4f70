import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkPackage } from './check-package.ts';
import { loadPackage } from './package-files.ts';
import { packageFolder } from './testing/packages.ts';

/** A package whose check.json was changed before its digest was taken. */
async function withCheck(change: (check: { images: number; logits: number[][][]; values: number[][][] }) => void) {
	const folder = await packageFolder({
		files: async (folder) => {
			const path = join(folder, 'check.json');
			const check = JSON.parse(await readFile(path, 'utf8'));
			change(check);
			await writeFile(path, JSON.stringify(check));
		},
	});
	return loadPackage(folder);
}

const packages = join(import.meta.dirname, '..', '..', 'models', 'packages');

test.each(await readdir(packages))(
	'%s gives its promised logits on this machine, with any number of images at once',
	async (name) => {
		const pkg = await loadPackage(join(packages, name));
		const check = await checkPackage(pkg);
		expect(check.policies.map((policy) => policy.id)).toEqual(pkg.card.policies.map((policy) => policy.id));
		for (const { batchSizes, deviation, valueDeviation } of check.policies) {
			expect(batchSizes).toContain(1);
			expect(deviation).toBeLessThan(1e-3);
			expect(valueDeviation).toBeLessThan(1e-3);
		}
	},
);

test('logits other than those promised are refused', async () => {
	const off = await withCheck((check) => {
		const row = check.logits[2]?.[5] as number[];
		row[3] = (row[3] as number) + 0.5;
	});
	await expect(checkPackage(off)).rejects.toThrow(
		/check.json, policy p1, 1 at once, image 5: expected logit 3 to be \S+, found \S+$/,
	);
});

test('agent values other than those promised are refused', async () => {
	const off = await withCheck((check) => {
		const row = check.values[1]?.[4] as number[];
		row[5] = (row[5] as number) + 0.01;
	});
	await expect(checkPackage(off)).rejects.toThrow(
		/check.json, policy p0, 1 at once, agent after it, image 4: expected value 5 to be \S+, found \S+$/,
	);
});

test('a check of another shape is refused', async () => {
	const fewer = await withCheck((check) => check.logits.pop());
	await expect(checkPackage(fewer)).rejects.toThrow(/expected logits of 8 policies, found 7/);
	const less = await withCheck((check) => check.logits[0]?.[0]?.pop());
	await expect(checkPackage(less)).rejects.toThrow(/expected 10 logits an image, found 9/);
	const blind = await withCheck((check) => check.values.pop());
	await expect(checkPackage(blind)).rejects.toThrow(/expected values of 7 policies, found 6/);
	const more = await withCheck((check) => {
		check.images = 9;
	});
	await expect(checkPackage(more)).rejects.toThrow(/expected 27648 bytes of pixels, found 24576/);
});
