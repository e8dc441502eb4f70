import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { headImage } from '../aws/image-head.ts';
import { createQueue } from '../aws/queue.ts';
import { batchIdSchema } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import type { FailureReason } from '../core/failure.ts';
import { type Image, joinName, nameOfImage } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import { resumeMessageSchema } from '../core/message.ts';
import { isMarkerKey, tenantOf, tenantSchema } from '../core/object-key.ts';
import { parse } from '../core/parse.ts';
import { payableNow } from '../planner/payable.ts';
import { rerun } from '../planner/rerun.ts';
import { type Connection, connected } from './connect.ts';
import { modelOption, type PricedOptions, readCard, systemPrice, workerKindOption } from './system-price.ts';

interface RetryOptions extends PricedOptions {
	tenant: string;
	failed?: boolean;
	batch?: string;
}

/** To try this version again cannot help: another lies there, or none, or its archive is not in order. */
const hopeless: readonly FailureReason[] = ['deleted', 'overwritten', 'bad-archive', 'bad-entry'];

/** `budgetnet retry`: runs images again on purpose, as a new run with claims of its own. */
export function retryCommand(): Command {
	return new Command('retry')
		.description('run images again: those that failed, a whole batch, or single keys')
		.argument('[keys...]', 'keys of images, or of archives: all their images')
		.requiredOption('--tenant <name>', 'whose images')
		.option('--failed', 'all images of the tenant whose outcome is a failure that another try may mend')
		.option('--batch <id>', 'all images of a batch')
		.addOption(modelOption)
		.addOption(workerKindOption)
		.action(async (keys: string[], options: RetryOptions) => {
			const run = `retry-${randomBytes(4).toString('hex')}`;
			const { images, batches } = await connected((connection) => retry(connection, keys, options, run));
			process.stdout.write(`${images} images run again as ${run}, in ${batches} batches\n`);
		});
}

async function retry(connection: Connection, keys: readonly string[], options: RetryOptions, run: string) {
	const tenant = parse(tenantSchema, options.tenant, '--tenant');
	const ways = [keys.length > 0, options.failed === true, options.batch !== undefined].filter(Boolean).length;
	if (ways !== 1) throw new BudgetNetError('invalid', 'what is to be run again? give keys, --failed or --batch');
	const images = options.failed
		? await failedImages(connection, tenant)
		: options.batch === undefined
			? await imagesOfKeys(connection, tenant, keys)
			: (await connection.manifests.get({ tenant, batchId: parse(batchIdSchema, options.batch, '--batch') })).images;
	const queueUrl = await connection.queueUrl('plans');
	const plansQueue = createQueue(connection.clients.sqs, queueUrl, resumeMessageSchema, 'plans');
	const mint = { nowMs: Date.now, mintSuffix: () => randomBytes(4).toString('hex') };
	const priceNow = () => systemPrice(connection, options, Date.now());
	const payable = await payableNow({ ...connection, card: await readCard(options.model), priceNow }, tenant);
	const imagesMax = Math.min(limits.batchImagesMax, payable);
	return rerun({ ...connection, ...mint, plansQueue, imagesMax }, tenant, images, run);
}

async function failedImages({ outcomes, manifests }: Connection, tenant: string): Promise<Image[]> {
	const found = new Map<string, Image | undefined>();
	for (const ref of await outcomes.list(tenant)) {
		const rows = (await outcomes.read(ref))?.outcomes ?? [];
		const images = new Map((await manifests.get(ref)).images.map((image) => [joinName(nameOfImage(image)), image]));
		for (const row of rows) {
			const name = joinName(row);
			const retryable = row.status === 'failed' && !hopeless.includes(row.reason);
			found.set(name, retryable ? images.get(name) : undefined); // a later run's outcome counts
		}
	}
	return [...found.values()].filter((image) => image !== undefined);
}

async function imagesOfKeys({ clients, names }: Connection, tenant: string, keys: readonly string[]): Promise<Image[]> {
	const images: Image[] = [];
	for (const key of keys) {
		if (tenantOf(key) !== tenant) throw new BudgetNetError('invalid', `key "${key}" is not tenant ${tenant}'s`);
		if (isMarkerKey(key)) throw new BudgetNetError('invalid', `key "${key}" is the marker of a drop, no image`);
		const image = await headImage(clients.s3, names.imagesBucket, key);
		if (!image) throw new BudgetNetError('not-found', `no image "${key}" in bucket ${names.imagesBucket}`);
		images.push(image);
	}
	return images;
}
