import { Command, Option } from 'commander';
import { formatUsd } from '../core/money.ts';
import { fullMacs, type ModelCard } from '../core/package.ts';
import { embeddedPrice } from '../core/price.ts';
import { dropFiles } from '../local/drop.ts';
import { type Host, startHost } from '../local/host.ts';
import { type Tally, untilAccounted } from '../local/tally.ts';
import { type Allowance, enoughForAll, limitOf } from './allowance.ts';
import { exitCodes } from './exit-codes.ts';
import { imagesOf, readableOf, tenant } from './folder-images.ts';
import { mustBeWritable, readRows, writeRows } from './label-rows.ts';
import { defaultModel, packageFolder } from './packages.ts';
import { startProgress } from './progress.ts';
import { quietLog } from './quiet-log.ts';
import { readCard } from './system-price.ts';
import { emulatedWorkers } from './workers.ts';

const { batchImagesMax } = emulatedWorkers;
const windowMs = 1000;

interface ClassifyOptions extends Allowance {
	model: string;
	out?: string;
	json?: boolean;
}

/** `budgetnet classify FOLDER`: the images of a folder, in the embedded cloud, within what may be spent. */
export function classifyCommand(): Command {
	return new Command('classify')
		.description('classify the images in a folder on this machine, within a limit on what they may cost')
		.argument('<folder>', 'folder of images (JPEG, PNG, WebP), searched recursively')
		.addOption(
			new Option('--usd <amount>', 'maximum cost of all images together, in dollars, such as 0.25').conflicts([
				'share',
				'macs',
			]),
		)
		.addOption(
			new Option('--share <share>', "maximum share of the full network's compute: above 0, at most 1").conflicts([
				'usd',
				'macs',
			]),
		)
		.addOption(
			new Option('--macs <count>', 'maximum MACs of all images together, such as 30G').conflicts(['usd', 'share']),
		)
		.option('--model <name>', 'model package', defaultModel)
		.option('--out <file>', 'write one line per image to this file: CSV if its name ends in .csv, otherwise JSON Lines')
		.option('--json', 'print the summary as JSON')
		.action(classify);
}

async function classify(folder: string, options: ClassifyOptions): Promise<void> {
	const { readable, unreadable } = await readableOf(folder, await imagesOf(folder));
	const priced = { card: await readCard(options.model), price: embeddedPrice, images: readable.length };
	const limitNanoUsd = limitOf(options, priced);
	if (options.out !== undefined) await mustBeWritable(options.out);
	const host = await startHost({
		packageFolder: await packageFolder(options.model),
		batchImagesMax,
		windowMs,
		log: quietLog,
	});
	try {
		await host.ledger.setQuota({ tenant, limitNanoUsd, period: 'total', countedImages: readable.length }, Date.now());
		const startedMs = Date.now();
		const tally = await dropAndWait(host, folder, readable);
		if (options.out) await writeRows(options.out, await readRows(host, tenant, tally, unreadable));
		const enough = enoughForAll(options, { ...priced, batchImagesMax });
		const run = { ...priced, unreadable: unreadable.length, limitNanoUsd, enough, elapsedMs: Date.now() - startedMs };
		summarise(tally, run, options);
	} finally {
		await host.close();
	}
}

async function dropAndWait(host: Host, folder: string, files: readonly string[]): Promise<Tally> {
	const progress = startProgress('images accounted for');
	try {
		const dropping = dropFiles(host, tenant, folder, files);
		const waiting = untilAccounted(host, new Map([[tenant, files.length]]), (tallies) =>
			progress.update(tallies.get(tenant)?.images ?? 0, files.length),
		);
		const [tallies] = await Promise.all([waiting, dropping]);
		return tallies.get(tenant) as Tally;
	} finally {
		progress.stop();
	}
}

function summarise(
	tally: Tally,
	run: { card: ModelCard; unreadable: number; limitNanoUsd: number; enough: string; elapsedMs: number },
	options: ClassifyOptions,
): void {
	const { card, unreadable, limitNanoUsd, enough, elapsedMs } = run;
	const total = (pick: (facts: Tally['settled'][number]) => number) =>
		tally.settled.reduce((sum, facts) => sum + pick(facts), 0);
	const labelled = total((facts) => facts.labelled);
	const failed = total((facts) => facts.failed) + unreadable;
	const deferred = tally.deferred.reduce((sum, batch) => sum + batch.images, 0);
	const consumedMacs = total((facts) => facts.consumedMacs);
	const share = labelled === 0 ? 0 : consumedMacs / (labelled * fullMacs(card));
	const spentNanoUsd = total((facts) => facts.billedNanoUsd);
	const summary = {
		images: tally.images + unreadable,
		labelled,
		failed,
		deferred,
		share,
		consumedMacs,
		limitNanoUsd,
		spentNanoUsd,
		elapsedMs,
		...(deferred > 0 ? { enough } : {}),
	};
	if (options.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
	else
		process.stdout.write(
			[
				`${labelled} labelled, ${failed} failed, ${deferred} deferred${deferred > 0 ? ` (the limit cannot pay for them; about ${enough} would pay for all)` : ''}`,
				`spent ${formatUsd(spentNanoUsd)} of ${formatUsd(limitNanoUsd)}; ${(100 * share).toFixed(1)} % of the full compute per labelled image`,
				`${(elapsedMs / 1000).toFixed(1)} s${options.out ? `; labels in ${options.out}` : ''}\n`,
			].join('\n'),
		);
	if (failed + deferred > 0) process.exitCode = exitCodes.someWithoutLabel;
}
