import { join } from 'node:path';
import { Command } from 'commander';
import { BudgetNetError } from '../core/errors.ts';
import { formatUsd, nanoUsdPerUsd, parseUsd } from '../core/money.ts';
import { calibratedPrice, type ListedPrice } from '../core/price-list.ts';
import { type MachineSpeed, measureMachine } from '../local/measure-machine.ts';
import { loadPackage } from '../onnx/package-files.ts';
import { connected, isSystemNamed } from './connect.ts';
import { imagesOf, readableOf } from './folder-images.ts';
import { packageFolder } from './packages.ts';
import { saidPart } from './said.ts';
import { modelOption, type PricedOptions, pricedOf, workerKindOption } from './system-price.ts';
import { emulatedWorkers } from './workers.ts';

interface CalibrateOptions extends PricedOptions {
	usdPerHour: string;
	utilisation: string;
	write?: boolean;
	json?: boolean;
}

/** Decoding is measured on no more files than this. */
const filesMax = 500;

/** `budgetnet calibrate FOLDER`: the price that pays for this machine. */
export function calibrateCommand(): Command {
	return new Command('calibrate')
		.description('measure this machine, and calculate the price that pays for it; --write makes that the next version')
		.argument('<folder>', 'folder of images such as tenants drop: decoding is measured on them')
		.requiredOption('--usd-per-hour <usd>', 'what the machine costs per hour, in dollars, such as 0.04')
		.requiredOption('--utilisation <share>', 'share of the time that it is busy, such as 0.7')
		.addOption(modelOption)
		.addOption(workerKindOption)
		.option('--write', "add the price to the system's price list")
		.option('--json', 'print as JSON')
		.action(calibrate);
}

async function calibrate(folder: string, options: CalibrateOptions): Promise<void> {
	const usdPerHour = parseUsd(options.usdPerHour, '--usd-per-hour') / nanoUsdPerUsd;
	if (usdPerHour === 0) throw new BudgetNetError('invalid', '--usd-per-hour 0: expected an amount above 0');
	const utilisation = saidPart('--utilisation', options.utilisation);
	const { readable } = await readableOf(folder, (await imagesOf(folder)).slice(0, filesMax));
	const files = readable.map((name) => join(folder, name));
	// before anything is measured: --write needs a system
	const { model, workerKind } = await (options.write || isSystemNamed()
		? connected(async (connection) => pricedOf(connection, options))
		: pricedOf({ workers: () => emulatedWorkers }, options));
	const speed = await measureMachine(await loadPackage(await packageFolder(model)), files);
	const price = calibratedPrice({ ...speed, usdPerHour, utilisation });
	const written = options.write
		? await connected(({ prices, nowMs }) => prices.supersede({ model, workerKind, ...price }, nowMs))
		: undefined;
	const result = { ...speed, ...price, ...(written ? { number: written.number } : {}) };
	process.stdout.write(`${options.json ? JSON.stringify(result) : describe(speed, price, written)}\n`);
}

function describe(
	{ gmacsPerSecond, decodeSeconds, provider }: MachineSpeed,
	{ nanoUsdPerTmac, nanoUsdPerImage }: Pick<ListedPrice, 'nanoUsdPerTmac' | 'nanoUsdPerImage'>,
	written: ListedPrice | undefined,
): string {
	return [
		`${gmacsPerSecond.toFixed(1)} GMAC/s (${provider}), ${(1000 * decodeSeconds).toFixed(2)} ms to decode an image`,
		`${formatUsd(nanoUsdPerTmac)} a TMAC, ${formatUsd(nanoUsdPerImage)} an image`,
		written ? `in force now as version ${written.number}` : '--write would make this the next version',
	].join('\n');
}
