import { Option } from 'commander';
import { BudgetNetError } from '../core/errors.ts';
import type { ModelCard } from '../core/package.ts';
import type { Price } from '../core/price.ts';
import { type Priced, priceAt, workerKinds } from '../core/price-list.ts';
import { readCardIn } from '../onnx/package-files.ts';
import type { Connection } from './connect.ts';
import { packageFolder } from './packages.ts';
import type { Workers } from './workers.ts';

/** What a price is for; what is left out is taken from the system. */
export interface PricedOptions {
	model?: string;
	workerKind?: string;
}

export const modelOption = new Option('--model <name>', 'model package (default: the one that the system runs)');
export const workerKindOption = new Option(
	'--worker-kind <name>',
	"kind of worker that runs the model (default: the system's)",
).choices(workerKinds);

/** The card of a model package. @throws BudgetNetError */
export async function readCard(model: string): Promise<ModelCard> {
	return readCardIn(await packageFolder(model));
}

/**
 * The card of a model that is to be priced as the system's planner would price it.
 * @throws BudgetNetError also where this is the system's model and the package here is not the one that it runs
 */
export async function readSystemCard({ workers }: Pick<Connection, 'workers'>, model: string): Promise<ModelCard> {
	const card = await readCard(model);
	mustBeNoOtherBuild(workers(), card);
	return card;
}

/** The card of the system's model; undefined where the stack does not say which it is, or that package is not here. */
export async function systemCard(system: Pick<Connection, 'workers'>): Promise<ModelCard | undefined> {
	try {
		return await readCard(system.workers().model);
	} catch (error) {
		if (error instanceof BudgetNetError && (error.code === 'invalid' || error.code === 'not-found')) return undefined;
		throw error;
	}
}

type Run = Pick<Workers, 'model' | 'digest'>;

/** False only where the system says that it runs another build of this model. */
export function isNoOtherBuild({ model, digest }: Run, card: ModelCard): boolean {
	return card.name !== model || digest === undefined || digest === card.digest;
}

/** @throws BudgetNetError `invalid` where the system runs another build of this model */
export function mustBeNoOtherBuild(run: Run, card: ModelCard): void {
	if (isNoOtherBuild(run, card)) return;
	throw new BudgetNetError(
		'invalid',
		`model ${card.name}: the package here is ${card.digest}, but the system runs ${run.digest}: check out that one, or deploy this one with npm run deploy`,
	);
}

/**
 * The model and the kind of worker that the options say, otherwise those of the system.
 * @throws BudgetNetError where the system does not say them
 */
export function pricedOf(system: Pick<Connection, 'workers'>, said: PricedOptions): Priced {
	return {
		model: said.model ?? system.workers().model,
		workerKind: said.workerKind ?? system.workers().workerKind,
	};
}

/**
 * The price that the system's planner uses: the one in force, or its own where the list has none.
 * @throws BudgetNetError `not-found` for a model or a kind of worker that the planner does not ask for and that nobody
 * has set a price for
 */
export async function systemPrice(
	{ prices, workers }: Pick<Connection, 'prices' | 'workers'>,
	priced: Priced,
	nowMs: number,
): Promise<Price> {
	const price = priceAt(await prices.list(), priced, nowMs) ?? workers().fallbackFor(priced);
	if (price) return price;
	const { model, workerKind } = workers();
	throw new BudgetNetError(
		'not-found',
		`model ${priced.model} has no price on ${priced.workerKind}; this system runs ${model} on ${workerKind}: leave out --model and --worker-kind, or set a price with budgetnet prices set ${priced.model} ${priced.workerKind}`,
	);
}
