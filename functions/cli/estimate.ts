import { Command } from 'commander';
import type { NoBudget } from '../core/budget.ts';
import { BudgetNetError } from '../core/errors.ts';
import { limitForAccuracy, type Offer, type OfferNow, offerAtFullQuality, offerNow } from '../core/estimate.ts';
import { limits } from '../core/limits.ts';
import { formatUsd } from '../core/money.ts';
import { fullMacs } from '../core/package.ts';
import { periodOf } from '../core/period.ts';
import type { Priced } from '../core/price-list.ts';
import type { Quota } from '../core/quota.ts';
import type { Standing } from '../core/walk.ts';
import { createHabits } from '../planner/habit.ts';
import { type Connection, connected } from './connect.ts';
import { imagesOf, readableOf } from './folder-images.ts';
import { presentQuota } from './quota.ts';
import { saidCount, saidPart, saidTenant } from './said.ts';
import {
	modelOption,
	type PricedOptions,
	pricedOf,
	readSystemCard,
	systemPrice,
	workerKindOption,
} from './system-price.ts';

interface EstimateOptions extends PricedOptions {
	tenant: string;
	images?: string;
	accuracy?: string;
	json?: boolean;
}

interface Estimate {
	tenant: string;
	images: number;
	/** Under the quota as it stands, or why all images would wait. */
	now: OfferNow | { waits: NoBudget };
	full: Offer;
	/** The limit under which the wished accuracy would be reached; null where there is none. */
	limitNanoUsdForAccuracy?: number | null;
	/** However much money there is, nothing runs before `start`, or `quota resume`. */
	stopped: boolean;
	suspended: boolean;
	/**
	 * Images that already wait, in at most limits.waitingBatchesMax batches: they go first, with money that is counted
	 * here.
	 */
	olderImages: number;
}

/** `budgetnet estimate`: what images would cost and get; nothing is spent. */
export function estimateCommand(): Command {
	return new Command('estimate')
		.description('show what images would cost and how good their labels would be; spends nothing')
		.argument('[folder]', 'folder of images to count')
		.requiredOption('--tenant <name>', 'tenant whose quota applies')
		.option('--images <count>', 'number of images, instead of a folder')
		.option('--accuracy <accuracy>', 'also show which limit would reach this accuracy, such as 0.93')
		.addOption(modelOption)
		.addOption(workerKindOption)
		.option('--json', 'print as JSON')
		.action(async (folder: string | undefined, options: EstimateOptions) => {
			saidTenant(options.tenant);
			const wished = options.accuracy === undefined ? undefined : saidPart('--accuracy', options.accuracy);
			const images = await countImages(folder, options.images);
			const estimate = await connected((connection) => estimateFor(connection, images, wished, options));
			process.stdout.write(`${options.json ? JSON.stringify(estimate) : describe(estimate, options.accuracy)}\n`);
		});
}

async function countImages(folder: string | undefined, images: string | undefined): Promise<number> {
	if (folder !== undefined && images === undefined)
		return (await readableOf(folder, await imagesOf(folder))).readable.length;
	if (folder === undefined && images !== undefined) return saidCount('--images', images, { least: 1 });
	throw new BudgetNetError('invalid', 'how many images? give a folder or --images');
}

async function estimateFor(
	connection: Connection,
	images: number,
	wished: number | undefined,
	{ tenant, ...said }: EstimateOptions,
): Promise<Estimate> {
	const quota = presentQuota(tenant, await connection.ledger.getQuota(tenant));
	const standing = await standingOf(connection, quota, pricedOf(connection, said));
	if (images > Number.MAX_SAFE_INTEGER / fullMacs(standing.card))
		throw new BudgetNetError('invalid', `--images ${images}: too many to calculate with; estimate a part of them`);
	const now = offerNow(standing, images);
	const limit = wished === undefined ? undefined : (limitForAccuracy(standing, images, wished) ?? null);
	return {
		tenant,
		images,
		full: offerAtFullQuality(standing, images),
		now: typeof now === 'string' ? { waits: now } : now,
		...(limit === undefined ? {} : { limitNanoUsdForAccuracy: limit }),
		...(await hindrancesOf(connection, quota)),
	};
}

async function standingOf(connection: Connection, quota: Quota, priced: Priced): Promise<Standing> {
	const { ledger, workers } = connection;
	const card = await readSystemCard(connection, priced.model);
	const nowMs = connection.nowMs();
	const account = await ledger.getAccount(quota.tenant, periodOf(quota, nowMs));
	const { availableNanoUsd = quota.limitNanoUsd, images: seenImages = 0 } = account ?? {};
	const habit = await createHabits(ledger)(quota, nowMs);
	const price = await systemPrice(connection, priced, nowMs);
	const { batchImagesMax } = workers();
	return { quota, availableNanoUsd, seenImages, habit, nowMs, batchImagesMax, card, price };
}

async function hindrancesOf({ ledger, batches }: Connection, { tenant, suspended }: Quota) {
	const older = await batches.deferred(tenant, limits.waitingBatchesMax);
	return {
		stopped: await ledger.isStopped(tenant),
		suspended,
		olderImages: older.reduce((sum, batch) => sum + (batch.images ?? 0), 0),
	};
}

/** Below this a batch gets less than the card's curve says, which was measured on batches of 512. */
const fewImages = 64;

const waiting: Record<NoBudget, string> = {
	quota: 'they would wait: the quota cannot pay for a batch of them, even at the cheapest policy',
	floor:
		"they would wait: the quota cannot pay for a batch of them at the tenant's floor, or the model does not have the policy that the floor or ceiling names",
};

function describe(estimate: Estimate, accuracy?: string): string {
	const { tenant, images, now, full, limitNanoUsdForAccuracy } = estimate;
	const lines = [
		`${images} images of tenant ${tenant}`,
		`under its quota: ${'waits' in now ? waiting[now.waits] : describeNow(now)}`,
		`at full quality: ${describeOffer(full)}`,
		'accuracies are for images like those that the model was trained on: expect less for others',
		...describeHindrances(estimate),
	];
	if (images < fewImages)
		lines.push(
			'with so few images expect up to 5 points less: there are hardly any others that could use the compute saved on an easy one',
		);
	if (limitNanoUsdForAccuracy === null)
		lines.push(`accuracy ${accuracy}: more than this model reaches, or than the tenant's ceiling allows`);
	else if (limitNanoUsdForAccuracy !== undefined)
		lines.push(`accuracy ${accuracy}: a limit of ${formatUsd(limitNanoUsdForAccuracy)} would reach it`);
	return lines.join('\n');
}

function describeNow(now: OfferNow): string {
	const { labelledImages, waitingImages } = now;
	if (waitingImages === 0) return describeOffer(now);
	return `${labelledImages} of them for ${describeOffer(now)}; ${waitingImages} would wait until the quota grows or a new period begins`;
}

function describeOffer(offer: Offer): string {
	return `at most ${formatUsd(offer.costNanoUsd)}, expected accuracy ${percent(offer.accuracy)}, ${percent(offer.share)} of the full compute`;
}

function describeHindrances({ tenant, stopped, suspended, olderImages }: Estimate): string[] {
	const lines: string[] = [];
	if (stopped) lines.push('stopped: nothing runs before budgetnet start');
	if (suspended) lines.push(`suspended: nothing runs before budgetnet quota resume ${tenant}`);
	if (olderImages > 0)
		lines.push(`${olderImages} older images are waiting: they go first, with money that is counted here as available`);
	return lines;
}

function percent(part: number): string {
	return `${(100 * part).toFixed(1)} %`;
}
