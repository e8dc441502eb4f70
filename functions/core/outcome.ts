import { z } from 'zod';
import { batchIdSchema, ridSchema, runNameSchema } from './batch.ts';
import { failureSchema } from './failure.ts';
import { limits } from './limits.ts';
import { tenantSchema } from './object-key.ts';
import { planSchema } from './pacing.ts';
import { digestSchema } from './package.ts';
import { periodSchema } from './period.ts';
import { priceSchema } from './price.ts';
import { wordSchema } from './word.ts';

const keys = {
	v: z.literal(1),
	key: z.string().max(limits.keyBytesMax),
	version: z.string().max(1024),
	/** For an image within an archive: its path there; the key is then the archive's. */
	entry: z.string().min(1).max(limits.entryNameBytesMax).optional(),
};

/** One line of the outcomes object. Later releases may say more. */
export const outcomeSchema = z.discriminatedUnion('status', [
	z.object({
		...keys,
		status: z.literal('labelled'),
		label: z.string(),
		/** How likely the label is right, by the agent. */
		confidence: z.number().min(0).max(1),
		/** Ids of the policies that ran, in order; the label is the last one's, or both views' after a mirrored one. */
		policies: z.array(z.string()).min(1).max(limits.policiesMax),
		/** MACs of all these runs, the agent's included. */
		macs: z.int().positive(),
	}),
	z.object({ ...keys, status: z.literal('failed'), ...failureSchema.shape }),
]);
export type Outcome = z.infer<typeof outcomeSchema>;

/** The facts of the run that won: the outcomes object's metadata, and the head of the report. */
export const runFactsSchema = z.object({
	v: z.literal(1),
	batchId: batchIdSchema,
	tenant: tenantSchema,
	rid: ridSchema,
	period: periodSchema,
	/** Name of the run on purpose that it was. */
	run: z.exactOptional(runNameSchema),
	model: z.string().min(1),
	/** Digest of the model's package; absent where nothing ran. */
	digest: z.exactOptional(digestSchema),
	price: priceSchema,
	/** 0 for a batch that was given up. */
	budgetMacs: z.int().min(0),
	consumedMacs: z.int().min(0),
	/** Images tried: labelled and failed. */
	images: z.int().min(1),
	labelled: z.int().min(0),
	failed: z.int().min(0),
	billedNanoUsd: z.int().min(0),
	/** `none` for a batch that was given up. */
	provider: wordSchema,
	startedMs: z.int().min(0),
	elapsedMs: z.int().min(0),
	/** From the batch's message. */
	plan: z.exactOptional(planSchema),
});
export type RunFacts = z.infer<typeof runFactsSchema>;

/** Whether these are facts of a batch that was given up: nothing ran. */
export function isGivenUp({ provider }: RunFacts): boolean {
	return provider === 'none';
}
