import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BudgetNetError } from '../core/errors.ts';
import type { ModelCard } from '../core/package.ts';
import { type Inference, startInference } from '../onnx/client.ts';
import { loadPackage, type ModelPackage } from '../onnx/package-files.ts';
import { agentValues, crossFittedValues } from './agent-values.ts';
import { type Agreement, agreementOf } from './agreement.ts';
import { type Calibration, calibrationOf } from './calibration.ts';
import { curvePlot } from './curve-plot.ts';
import { evaluateHeldOut, evaluateTest, type Judged } from './evaluate.ts';
import { type Pass, passAt, readSample, runAll, type Sample } from './live.ts';
import { crossFittedLogistic, logisticFrom } from './logistic.ts';
import { publishedFor } from './published.ts';
import { type EvaluationRow, rowsOf } from './report.ts';
import { type Shift, shifted, shifts } from './shift.ts';
import { loadSmalls, type Small } from './small.ts';
import { loadOneStep, loadTable, mustBeOf, type OutcomeTable } from './table.ts';
import { type MethodRow, payableShares, type Trial } from './trial.ts';

export interface EvaluationOptions {
	/** The folder models. */
	models: string;
	model: string;
	split: 'holdout' | 'test';
	shares: readonly number[];
	/** A package of another seed; its oracle shows how much of this package's oracle is luck. */
	twin: string | undefined;
	/** Runs the product's worker over the sample, if the data set has one, for each share. */
	pass: boolean;
	/** Called after each share's passes, which take the most time. */
	onPass?: (done: number, total: number) => void;
}

export interface Evaluation {
	card: ModelCard;
	images: number;
	methods: MethodRow[];
	calibrations: Calibration[];
	passes: Pass[];
	/** Small networks among the methods. */
	smalls: readonly Small[];
	/** Undefined if there is no sample, or no table of test images. */
	agreement: Agreement | undefined;
	rows: EvaluationRow[];
	/** Where the plot was written. */
	plot: string;
}

/** Judges a package by its tables of outcomes, and its worker by running it. @throws BudgetNetError `invalid` */
export async function evaluate(options: EvaluationOptions): Promise<Evaluation> {
	const pkg = await loadPackage(join(options.models, 'packages', options.model));
	// Passes come first, while the garbage collector has little to do: its time would count as theirs.
	const { passes, agreement } = options.pass ? await runPasses(pkg, options) : { passes: [], agreement: undefined };
	const { judged, fit } = await judgedOf(pkg, options);
	const { shares } = options;
	const methods = options.split === 'test' ? evaluateTest(judged, fit, shares) : evaluateHeldOut(judged, shares);
	const calibrations = calibrationOf(judged, shares);
	const rows = rowsOf(pkg.card, methods, passes, publishedFor(pkg.card));
	const plot = join(options.models, 'plots', `${options.model}-${options.split}.svg`);
	await mkdir(join(options.models, 'plots'), { recursive: true });
	const images = `${judged.table.images} ${options.split === 'test' ? 'test' : 'held-out'} images`;
	await writeFile(plot, await curvePlot(`${options.model}, ${images}, hard cap`, rows));
	const { table, smalls = [] } = judged;
	return { card: pkg.card, images: table.images, methods, calibrations, passes, smalls, agreement, rows, plot };
}

async function judgedOf(
	pkg: ModelPackage,
	{ models, model, split, twin }: EvaluationOptions,
): Promise<{ judged: Judged; fit: Trial['fit'] }> {
	const folder = join(models, 'outcomes', model);
	const heldOut = await loadTable(folder, 'holdout');
	mustBeOf(heldOut, pkg.card, 'holdout');
	const values = await crossFittedValues(folder, pkg.card, heldOut);
	const fit = { table: heldOut, values, images: Array.from({ length: heldOut.images }, (_, image) => image) };
	const table = split === 'test' ? await loadTable(folder, 'test') : heldOut;
	mustBeOf(table, pkg.card, split);
	const twinTable = twin === undefined ? undefined : await loadTable(join(models, 'outcomes', twin), split);
	if (twinTable) mustBeTwins(table, twinTable, `${twin}`);
	const compared = { card: pkg.card, table, twin: twinTable, smalls: await loadSmalls(folder, split, pkg.card, table) };
	if (split === 'test') {
		const others = new Map([['logistic', logisticFrom(pkg.card, heldOut, table)]]);
		return { judged: { ...compared, values: await agentValues(pkg, table), others }, fit };
	}
	const others = await loadOneStep(folder, pkg.card, heldOut);
	others.set('logistic', crossFittedLogistic(pkg.card, heldOut));
	return { judged: { ...compared, values, others }, fit };
}

function mustBeTwins(table: OutcomeTable, twin: OutcomeTable, where: string): void {
	if (twin.policies !== table.policies || twin.truth.join() !== table.truth.join())
		throw new BudgetNetError('invalid', `--twin ${where}: expected a table of as many policies over the same images`);
}

/**
 * The sample of the data set with which a package's name begins; undefined if there is none, as for a user's own
 * images.
 */
function sampleOf({ card }: ModelPackage, models: string): Promise<Sample | undefined> {
	return readSample(join(models, 'samples', card.name.split('-')[0] as string), card);
}

async function withInference<T>(pkg: ModelPackage, use: (inference: Inference) => Promise<T>): Promise<T> {
	const inference = await startInference(pkg);
	try {
		return await use(inference);
	} finally {
		await inference.close();
	}
}

/**
 * Passes of the worker for each share, with all sessions warm. Also whether the graphs give here what the network gave
 * on the same images when it was exported.
 */
async function runPasses(
	pkg: ModelPackage,
	{ models, model, shares, onPass }: EvaluationOptions,
): Promise<Pick<Evaluation, 'passes' | 'agreement'>> {
	const sample = await sampleOf(pkg, models);
	if (!sample) return { passes: [], agreement: undefined };
	const { files, truth, indices } = sample;
	const folder = join(models, 'outcomes', model);
	const table = pkg.card.results.test.length > 0 ? await loadTable(folder, 'test') : undefined;
	return withInference(pkg, async (inference) => {
		const live = await runAll(pkg.card, inference, files, truth);
		const agreement = table && agreementOf(live.table, table, indices);
		const passes: Pass[] = [];
		const payable = payableShares(pkg.card, shares);
		for (const share of payable.sort((a, b) => a - b)) {
			passes.push(await passAt(pkg.card, inference, live, share));
			onPass?.(passes.length, payable.length);
		}
		return { passes, agreement };
	});
}

export interface ShiftEvaluation {
	shift: Shift;
	images: number;
	methods: MethodRow[];
	rows: EvaluationRow[];
}

/** Judges a package on worse images than it has learnt from: the sample, spoilt; nothing is chosen on it. */
export async function evaluateShifts(options: EvaluationOptions): Promise<ShiftEvaluation[]> {
	const pkg = await loadPackage(join(options.models, 'packages', options.model));
	const { fit } = await judgedOf(pkg, { ...options, split: 'holdout' });
	const sample = await sampleOf(pkg, options.models);
	if (!sample)
		throw new BudgetNetError('invalid', `${options.model}: models/samples has no images of its data set to spoil`);
	const { files, truth } = sample;
	return withInference(pkg, async (inference) => {
		const found: ShiftEvaluation[] = [];
		for (const shift of shifts) {
			const worse = await shifted(shift, files, pkg.card.input);
			const { table, values } = await runAll(pkg.card, inference, worse, truth);
			const judged = { card: pkg.card, table, values, others: new Map() };
			const methods = evaluateTest(judged, fit, options.shares);
			found.push({ shift, images: table.images, methods, rows: rowsOf(pkg.card, methods, [], []) });
		}
		return found;
	});
}
