import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import pMap from 'p-map';
import { z } from 'zod';
import { headImage } from '../aws/image-head.ts';
import { createQueue } from '../aws/queue.ts';
import { batchIdSchema } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import { type Image, nameOfImage } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import { resumeMessageSchema } from '../core/message.ts';
import { isMarkerKey, tenantOf } from '../core/object-key.ts';
import type { ModelCard } from '../core/package.ts';
import { parse } from '../core/parse.ts';
import type { Priced } from '../core/price-list.ts';
import { payableNow } from '../planner/payable.ts';
import { rerun } from '../planner/rerun.ts';
import { type Connection, connected } from './connect.ts';
import { failedRuns, type Rerun, runsLabelledBy } from './failed-runs.ts';
import { presentQuota } from './quota.ts';
import { sinceOption, untilOption } from './results.ts';
import { batchesFrom, runAfter } from './runs.ts';
import { saidDays, saidTenant } from './said.ts';
import { modelOption, type PricedOptions, pricedOf, readSystemCard, systemPrice } from './system-price.ts';

interface RetryOptions extends Pick<PricedOptions, 'model'> {
	tenant: string;
	failed?: boolean;
	digest?: string;
	since?: string;
	until?: string;
	batch?: string;
	json?: boolean;
}

/** `budgetnet retry`: runs images again on purpose, as a new run with claims of its own. */
export function retryCommand(): Command {
	return new Command('retry')
		.description(
			'run images again: those that failed, those labelled by a given package, a whole batch, or single keys',
		)
		.argument('[keys...]', 'keys of images, or of archives (all their images)')
		.requiredOption('--tenant <name>', 'tenant whose images these are')
		.option('--failed', 'all images of the tenant whose outcome is a failure that another try may fix')
		.option(
			'--digest <digest>',
			'all images of the tenant whose label is by this package: sha256: and at least 12 digits of its digest',
		)
		.addOption(sinceOption)
		.addOption(untilOption)
		.option('--batch <id>', 'all images of a batch')
		.addOption(modelOption)
		.option('--json', 'print as JSON')
		.action(async (keys: string[], options: RetryOptions) => {
			const made = await connected((connection) => retry(connection, keys, options));
			process.stdout.write(`${options.json ? JSON.stringify(made) : describe(made, options).join('\n')}\n`);
		});
}

interface Made {
	images: number;
	batchIds: string[];
	/** Images whose outcomes were found but that could not be run again. */
	expired: number;
}

async function retry(connection: Connection, keys: readonly string[], options: RetryOptions): Promise<Made> {
	const tenant = saidTenant(options.tenant);
	const { failed = false, digest, batch } = options;
	const byOutcome = failed || digest !== undefined;
	const ways = [keys.length > 0, failed, digest !== undefined, batch !== undefined].filter(Boolean).length;
	if (ways !== 1)
		throw new BudgetNetError('invalid', 'what is to be run again? give keys, --failed, --digest or --batch');
	if ((options.since ?? options.until) !== undefined && !byOutcome)
		throw new BudgetNetError(
			'invalid',
			'--since and --until go with --failed or --digest: they limit the days whose outcomes are read',
		);
	const priced = pricedOf(connection, options);
	const card = await readSystemCard(connection, priced.model); // refuses before outcomes, possibly many, are read
	const { reruns, expired } = byOutcome
		? await runsByOutcome(connection, tenant, options)
		: await rerunsOf(connection, await imagesSaid(connection, tenant, keys, batch), batch);
	const imagesMax = await batchImagesMax(connection, tenant, priced, card);
	return { ...(await runAll(connection, tenant, reruns, imagesMax)), expired };
}

/** Enough digits that no two packages of a system begin with the same ones. */
const digestStartSchema = z
	.string()
	.regex(/^sha256:[0-9a-f]{12,64}$/, 'expected sha256: and 12 to 64 lower-case hex digits');

async function runsByOutcome(connection: Connection, tenant: string, options: RetryOptions) {
	const days = saidDays(options);
	const digest = options.digest === undefined ? undefined : parse(digestStartSchema, options.digest, '--digest');
	presentQuota(tenant, await connection.ledger.getQuota(tenant)); // for a misspelt tenant nothing would be found
	if (digest === undefined) return failedRuns(connection, tenant, days);
	return runsLabelledBy(connection, tenant, digest, days);
}

/** No more than the planner itself would put into one batch. */
async function batchImagesMax(connection: Connection, tenant: string, priced: Priced, card: ModelCard) {
	const priceNow = () => systemPrice(connection, priced, connection.nowMs());
	const payable = await payableNow({ ...connection, card, priceNow }, tenant);
	return Math.min(connection.workers().batchImagesMax, payable);
}

async function runAll(connection: Connection, tenant: string, reruns: readonly Rerun[], imagesMax: number) {
	const made: Omit<Made, 'expired'> = { images: 0, batchIds: [] };
	const plansQueue = createQueue(connection.clients.sqs, connection.queueUrl('plans'), resumeMessageSchema, 'plans');
	const mint = { nowMs: connection.nowMs, mintSuffix: () => randomBytes(4).toString('hex') };
	const parts = { ...connection, ...mint, plansQueue, imagesMax };
	// scattered failures make one run for each batch that they were in: thousands
	const runOne = ({ run, images }: Rerun) => rerun(parts, tenant, images, run);
	for (const { images, batchIds } of await pMap(reruns, runOne, { concurrency: limits.storeConcurrency })) {
		made.images += images;
		made.batchIds.push(...batchIds);
	}
	return made;
}

function describe({ images, batchIds, expired }: Made, { failed, digest }: RetryOptions): string[] {
	const lines = [`${images} images run again, in ${batchIds.length} batches`, ...batchIds];
	if (failed && images > 0) lines.push('images already run again after the same failure do not run twice');
	if (digest !== undefined && images > 0) lines.push('images already run again do not run twice');
	if (expired > 0)
		lines.push(
			`${expired} more are left out: the manifests of their batches have expired or cannot be read; drop these images again`,
		);
	return lines;
}

/**
 * Each image in the run that follows its newest.
 * @param batchId of the batch that they are in; without it, the batch that first claimed each
 */
async function rerunsOf({ claims }: Connection, images: readonly Image[], batchId?: string) {
	const runOf = async (image: Image): Promise<string | undefined> => {
		const name = nameOfImage(image);
		const first = batchId ?? (await claims.ownerOf(name));
		return first === undefined ? undefined : nextRunOf(await batchesFrom(claims, name, first), image);
	};
	const runs = await pMap(images, runOf, { concurrency: limits.storeConcurrency });
	const byRun = Map.groupBy(images.keys(), (i) => runs[i]);
	const reruns: Rerun[] = [...byRun].map(([run, those]) => ({ run, images: those.flatMap((i) => images[i] ?? []) }));
	return { reruns, expired: 0 };
}

function nextRunOf(batchIds: readonly string[], { key }: Image): string {
	if (batchIds.length >= limits.imageRunsMax)
		throw new BudgetNetError('invalid', `"${key}" has run ${batchIds.length} times, the maximum for an image`);
	return runAfter(batchIds.at(-1) as string);
}

async function imagesSaid(
	connection: Connection,
	tenant: string,
	keys: readonly string[],
	batch: string | undefined,
): Promise<Image[]> {
	if (batch === undefined) return imagesOfKeys(connection, tenant, keys);
	const batchId = parse(batchIdSchema, batch, `--batch "${batch}"`);
	const manifest = await connection.manifests.find({ tenant, batchId });
	if (manifest) return manifest.images;
	const message = `tenant ${tenant} has no batch ${batchId}, or the list of its images has expired: drop the images again`;
	throw new BudgetNetError('not-found', message);
}

async function imagesOfKeys({ clients, names }: Connection, tenant: string, keys: readonly string[]): Promise<Image[]> {
	const images: Image[] = [];
	for (const key of keys) {
		if (tenantOf(key) !== tenant) throw new BudgetNetError('invalid', `key "${key}" is not tenant ${tenant}'s`);
		if (isMarkerKey(key)) throw new BudgetNetError('invalid', `key "${key}" is the marker of a drop, not an image`);
		const image = await headImage(clients.s3, names.imagesBucket, key);
		if (!image) throw new BudgetNetError('not-found', `no image "${key}" in bucket ${names.imagesBucket}`);
		images.push(image);
	}
	return images;
}
