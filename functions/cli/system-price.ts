import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Option } from 'commander';
import { type ModelCard, parseCard } from '../core/package.ts';
import { embeddedPrice, type Price } from '../core/price.ts';
import { priceAt } from '../core/price-list.ts';
import type { Connection } from './connect.ts';
import { defaultModel, packageFolder } from './packages.ts';

/** What a price is of. */
export interface PricedOptions {
	model: string;
	workerKind: string;
}

export const modelOption = new Option('--model <name>', 'model package').default(defaultModel);
export const workerKindOption = new Option('--worker-kind <name>', 'kind of worker, as cpu or l4-spot').default('cpu');

/** The card of a model package. @throws BudgetNetError */
export async function readCard(model: string): Promise<ModelCard> {
	return parseCard(await readFile(join(await packageFolder(model), 'model.json'), 'utf8'));
}

/** The price in force; the embedded cloud's where the list has none. */
export async function systemPrice({ prices }: Connection, options: PricedOptions, nowMs: number): Promise<Price> {
	return priceAt(await prices.list(), options, nowMs) ?? embeddedPrice;
}
