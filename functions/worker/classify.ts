import { valuesWidth } from '../core/advice.ts';
import type { Manifest } from '../core/batch.ts';
import { assert, BudgetNetError } from '../core/errors.ts';
import { type Failure, failureOf } from '../core/failure.ts';
import { type Gate, type GateResult, type GateRound, openGate } from '../core/gate.ts';
import { type Image, nameOfImage } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import type { BatchMessage } from '../core/message.ts';
import type { Outcome } from '../core/outcome.ts';
import { type ModelCard, type Policy, pixelBytes } from '../core/package.ts';
import { areNumbers, readLogits } from '../core/reading.ts';
import { createViews, type Views } from '../core/views.ts';
import type { Inference } from '../onnx/client.ts';
import type { PixelSource } from './pixels.ts';
import type { SharedRoom } from './shared-room.ts';

export interface ClassifyParts {
	card: ModelCard;
	inference: Inference;
	loadPixels: PixelSource;
	/**
	 * Images that run at once: enough to fill the network, few enough to overlap with decoding, and with reading the
	 * answers.
	 */
	groupImages: number;
	/** Memory shared with the inference threads, for the pixels of a round. */
	sharedRoom: SharedRoom;
	/** Called with the MACs that were spent on a batch that then failed. */
	wasted?: (macs: number) => void;
}

interface BatchUnderWay {
	gate: Gate;
	/** Aborted, with the reason, when the batch can no longer be done: nothing further is begun then. */
	stop: AbortController;
	/** The pixels of all images, one after the other. */
	block: Uint8Array;
	/** Room for the pixels of a round: inference threads see it without a copy, and only one round runs at a time. */
	chosen: Uint8Array;
	views: Views;
	/** Images for which a run gave no numbers. */
	silent: Set<number>;
}

/**
 * Classifies a batch within its budget: the first policy runs on images as they arrive, then the gate's rounds spend
 * the rest where it gains most. One outcome per image, in the manifest's order.
 * @throws BudgetNetError `invalid` when message and manifest do not fit the model or each other, `unavailable` when it
 * takes too long
 */
export async function classify(parts: ClassifyParts, message: BatchMessage, manifest: Manifest): Promise<Outcome[]> {
	checkFits(parts.card, message, manifest);
	const list = manifest.images;
	const gate = openGate(parts.card, list.length, message.budgetMacs);
	const bytes = list.length * pixelBytes(parts.card.input);
	const chosen = parts.sharedRoom(bytes);
	const stop = new AbortController();
	const batch = {
		gate,
		stop,
		block: new Uint8Array(bytes),
		chosen,
		views: createViews(parts.card),
		silent: new Set<number>(),
	};
	const late = setTimeout(() => stop.abort(tooLong(message)), limits.batchRunSecondsMax * 1000);
	try {
		const failures = await probe(parts, batch, list);
		mustSayAnything(parts.card, batch, message);
		for (let round = gate.next(); round; round = gate.next()) await runRound(parts, batch, round);
		const results = gate.results();
		const failureOfImage = (index: number) => failures.get(index) ?? (batch.silent.has(index) ? noAnswer : undefined);
		return list.map((image, index) => outcomeOf(parts.card, image, results[index], failureOfImage(index)));
	} catch (error) {
		if (gate.spentMacs() > 0) parts.wasted?.(gate.spentMacs());
		throw error;
	} finally {
		clearTimeout(late);
	}
}

function tooLong({ batchId }: BatchMessage): BudgetNetError {
	return new BudgetNetError('unavailable', `batch ${batchId}: not done after ${limits.batchRunSecondsMax} s`);
}

function checkFits(card: ModelCard, message: BatchMessage, manifest: Manifest): void {
	const { batchId, model } = message;
	if (model.name !== card.name || model.digest !== card.digest)
		throw new BudgetNetError(
			'invalid',
			`batch ${batchId} wants model ${model.name} ${model.digest}: this worker has ${card.name} ${card.digest}`,
		);
	if (manifest.images.length !== message.images)
		throw new BudgetNetError(
			'invalid',
			`batch ${batchId}: its message says ${message.images} images, its manifest ${manifest.images.length}`,
		);
}

/** Images of a round that run at once, their pixels in `chosen` from place `first` on. */
interface Group extends GateRound {
	first: number;
}

/** Runs the gate's first policy on groups of images while others are still fetched and decoded. */
async function probe(
	parts: ClassifyParts,
	batch: BatchUnderWay,
	list: readonly Image[],
): Promise<ReadonlyMap<number, Failure>> {
	const running: Promise<void>[] = [];
	let images: number[] = [];
	let first = 0;
	const flush = () => {
		if (images.length === 0) return;
		const run = runGroup(parts, batch, { policy: batch.gate.start, images, first });
		run.catch((error) => batch.stop.abort(error)); // then the images still to come are not needed
		running.push(run);
		first += images.length;
		images = [];
	};
	const onReady = (index: number) => {
		images.push(index);
		if (images.length >= parts.groupImages) flush();
	};
	try {
		const failures = await parts.loadPixels(list, batch.block, onReady, batch.stop.signal);
		flush();
		await allOf(running);
		return failures;
	} catch (error) {
		batch.stop.abort(error);
		await Promise.allSettled(running);
		throw error;
	}
}

async function runRound(parts: ClassifyParts, batch: BatchUnderWay, { policy, images }: GateRound): Promise<void> {
	const running: Promise<void>[] = [];
	for (let first = 0; first < images.length; first += parts.groupImages)
		running.push(runGroup(parts, batch, { policy, images: images.slice(first, first + parts.groupImages), first }));
	await allOf(running);
}

/**
 * Waits for all, because none may still read the room when the batch, or its next round, goes on; then throws the first
 * error among them.
 */
async function allOf(running: readonly Promise<void>[]): Promise<void> {
	await Promise.allSettled(running);
	await Promise.all(running);
}

async function runGroup(
	{ card, inference }: ClassifyParts,
	{ gate, stop, block, chosen, views, silent }: BatchUnderWay,
	{ policy, images, first }: Group,
): Promise<void> {
	stop.signal.throwIfAborted();
	gate.charge({ policy, images });
	const imageBytes = pixelBytes(card.input);
	const pixels = chosen.subarray(first * imageBytes, (first + images.length) * imageBytes);
	images.forEach((image, i) => {
		pixels.set(block.subarray(image * imageBytes, (image + 1) * imageBytes), i * imageBytes);
	});
	const { logits, values } = await inference.run(policy, pixels, images.length);
	const classes = card.classes.length;
	const columns = valuesWidth(card);
	images.forEach((image, i) => {
		const advice = values?.subarray(i * columns, (i + 1) * columns);
		const said = views.after(policy, image, logits.subarray(i * classes, (i + 1) * classes));
		const reading = areNumbers(said) ? readLogits(said) : undefined;
		if (!reading) silent.add(image);
		gate.observe(policy, image, reading, advice);
	});
}

const noAnswer = failureOf('no-answer', 'the network gave no numbers for it');

/**
 * If no image got numbers, the fault is the worker's or its package's, not the images'.
 * @throws BudgetNetError `internal`
 */
function mustSayAnything(card: ModelCard, { gate, silent }: BatchUnderWay, { batchId }: BatchMessage): void {
	if (silent.size === 0 || gate.results().some((result) => result !== undefined)) return;
	const policy = card.policies[gate.start]?.id;
	throw new BudgetNetError(
		'internal',
		`batch ${batchId}: package ${card.name}, policy ${policy} gave no numbers for any of its images`,
	);
}

function outcomeOf(
	card: ModelCard,
	image: Image,
	result: GateResult | undefined,
	failure: Failure | undefined,
): Outcome {
	const named = { v: 1, ...nameOfImage(image) } as const;
	if (!result) {
		assert(failure !== undefined, `image "${image.key}" was neither run nor refused`);
		return { ...named, status: 'failed', ...failure };
	}
	const { reading, confidence, policies, macs } = result;
	return {
		...named,
		status: 'labelled',
		label: card.classes[reading.label] as string,
		confidence: Math.round(confidence * 1e6) / 1e6,
		policies: policies.map((policy) => (card.policies[policy] as Policy).id),
		macs,
	};
}
