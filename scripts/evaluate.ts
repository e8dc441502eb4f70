/**
 * `npm run evaluate -- [--model NAME] [--test | --shift] [--shares LIST] [--twin NAME] [--no-pass] [--json]`: the
 * product's gate against its baselines on the tables of outcomes that came with the package, real, timed passes of the
 * worker at each share, and a plot in models/plots. Held-out images by default (everything cross-fitted); `--test`: the
 * test images, for published figures; `--shift`: worse images than the network learnt from.
 */
import { join } from 'node:path';
import { defaultModel } from '../functions/cli/packages.ts';
import { startProgress } from '../functions/cli/progress.ts';
import { BudgetNetError } from '../functions/core/errors.ts';
import {
	accuracyTable,
	agreementLine,
	batchTable,
	calibrationTable,
	differenceTable,
	passTable,
	smallLine,
} from '../functions/evaluate/report.ts';
import { type EvaluationOptions, evaluate, evaluateShifts } from '../functions/evaluate/run.ts';
import { baseBatchImages } from '../functions/evaluate/trial.ts';
import { optionsOf, told } from './told.ts';

const say = (text: string) => process.stdout.write(`${text}\n`);

await told('evaluate', async () => {
	const values = optionsOf({
		allowNegative: true,
		options: {
			model: { type: 'string', default: defaultModel },
			test: { type: 'boolean', default: false },
			shift: { type: 'boolean', default: false },
			shares: { type: 'string', default: '0.15,0.2,0.25,0.3,0.4,0.5,0.6,0.75,0.9,1' },
			twin: { type: 'string' },
			pass: { type: 'boolean', default: true },
			json: { type: 'boolean', default: false },
		},
	});
	const { model, test, shift, twin, pass, json } = values;
	const models = join(import.meta.dirname, '..', 'models');
	const shares = parseShares(values.shares);
	const options: EvaluationOptions = { models, model, shares, twin, pass, split: test ? 'test' : 'holdout' };
	await (shift ? shiftReport(options, json) : report(options, json));
});

async function report(options: EvaluationOptions, json: boolean): Promise<void> {
	const progress = startProgress('shares timed');
	const { card, images, methods, calibrations, passes, smalls, agreement, rows, plot } = await evaluate({
		...options,
		onPass: progress.update,
	});
	progress.stop();
	const kind = options.split === 'test' ? 'test' : 'held-out';
	say(`${card.name} ${card.version}, ${images} ${kind} images, batches of ${baseBatchImages}, hard cap, accuracy in %`);
	say(`\n${accuracyTable(methods)}\n\nWhat the gate gains, in points (paired 95 % interval)`);
	say(`\n${differenceTable(methods)}\n\nThe gate by batch size\n\n${batchTable(methods)}`);
	say(`\nHow sure the gate is of its labels, in %\n\n${calibrationTable(calibrations)}`);
	for (const small of smalls) say(`\n${smallLine(small)}`);
	if (options.pass && passes.length === 0)
		say('\nNo pass of the worker: models/samples has no images of this data set');
	if (passes.length > 0)
		say(
			`\nPasses of the worker at each share, over the sample; wall time as the median of five\n\n${passTable(passes)}`,
		);
	if (agreement) say(`\n${agreementLine(agreement)}`);
	say(`\nplot: ${plot}`);
	if (json) say(JSON.stringify({ model: card.name, images, rows }));
	if (passes.some(({ different }) => different > 0))
		throw new BudgetNetError('internal', "the worker's labels or MACs differ from the table's");
}

async function shiftReport(options: EvaluationOptions, json: boolean): Promise<void> {
	const found = await evaluateShifts(options);
	for (const { shift, images, methods } of found) {
		const over = Math.max(...methods.filter(({ method }) => method === 'gate').map((row) => row.overshootMacs));
		say(`${options.model}, ${images} test images, ${shift}; beyond the cap: ${Math.max(0, over)} MACs`);
		say(`\n${accuracyTable(methods)}\n\n${differenceTable(methods)}\n`);
	}
	if (json)
		say(
			JSON.stringify({
				model: options.model,
				shifts: found.map(({ shift, images, rows }) => ({ shift, images, rows })),
			}),
		);
}

function parseShares(text: string): number[] {
	const shares = text.split(',').map(Number);
	if (!shares.every((share) => share > 0 && share <= 1))
		throw new BudgetNetError('invalid', `--shares ${text}: expected numbers above 0, at most 1, such as 0.2,0.5,1`);
	return shares;
}
