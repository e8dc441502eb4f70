import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../../functions/core/parse.ts';

const price = z.strictObject({ usd: z.number().positive(), source: z.string().min(1) });
const speed = z.strictObject({ value: z.number().positive(), source: z.string().min(1) });

const pricesSchema = z.strictObject({
	asOf: z.iso.date(),
	region: z.string(),
	unit: z.string(),
	note: z.string(),
	prices: z.record(z.string(), price),
	speeds: z.strictObject({
		gmacPerSecondVcpu: speed,
		gmacPerSecondGpu: speed,
		loadAloneMs: speed,
		loadArchivedMs: speed,
	}),
});

/** The price list: each price with its source, as of one day. */
export type Prices = z.infer<typeof pricesSchema> & { usd: (name: string) => number };

/** Reads cdk/cost/prices.json. @throws BudgetNetError `invalid` */
export async function readPrices(): Promise<Prices> {
	const file = join(import.meta.dirname, 'prices.json');
	const list = parseJson(pricesSchema, await readFile(file, 'utf8'), 'cdk/cost/prices.json');
	return {
		...list,
		usd(name) {
			const found = list.prices[name];
			if (!found) throw new Error(`cdk/cost/prices.json has no price ${name}`);
			return found.usd;
		},
	};
}
