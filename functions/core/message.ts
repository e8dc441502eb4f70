import { z } from 'zod';
import { type BatchRef, batchIdSchema, ridSchema, runNameSchema } from './batch.ts';
import { limits } from './limits.ts';
import { tenantSchema } from './object-key.ts';
import { planSchema } from './pacing.ts';
import { digestSchema } from './package.ts';
import { periodSchema } from './period.ts';
import { priceSchema } from './price.ts';

const modelSchema = z.object({ name: z.string().min(1).max(64), digest: digestSchema });

/*
 * Messages, facts and the items of batches are read by releases before and after the one that wrote them: while a
 * deployment rolls out, and after it is rolled back. So a reader skips what it does not know, and whatever it must not
 * skip gets another `v`.
 */

/** What the worker is told: the batch, what it may spend, and what that was priced at. */
export const batchMessageSchema = z.object({
	v: z.literal(1),
	batchId: batchIdSchema,
	tenant: tenantSchema,
	rid: ridSchema,
	period: periodSchema,
	/** Name of the run on purpose that it is, for the report. */
	run: z.exactOptional(runNameSchema),
	model: modelSchema,
	price: priceSchema,
	images: z.int().min(1).max(limits.batchImagesMax),
	budgetMacs: z.int().positive(),
	/** No run may start so late that it could end after this. */
	deadlineMs: z.int().positive(),
	plan: z.exactOptional(planSchema),
});
export type BatchMessage = z.infer<typeof batchMessageSchema>;

/** The part of a batch's message that is needed to end the batch, when no worker could use the whole message. */
export const deadBatchMessageSchema = batchMessageSchema.pick({
	v: true,
	batchId: true,
	tenant: true,
	deadlineMs: true,
});

/**
 * Why a batch is given up: no worker could run it, or none did in time; its quota could not pay for it for too long; it
 * was planned so often without success that no further reservation can be noted; or an operator discards it while it
 * waits.
 */
const giveUpReasonSchema = z.enum(['dead-letter', 'deadline', 'deferred-too-long', 'unplannable', 'discarded']);
export type GiveUpReason = z.infer<typeof giveUpReasonSchema>;

/** What the settler is told: only where to look. It believes the outcomes object, not the message. */
export const reportMessageSchema = z.object({
	v: z.literal(1),
	batchId: batchIdSchema,
	tenant: tenantSchema,
	/** First win the outcomes object with failures of this reason, unless the batch has outcomes already. */
	giveUp: giveUpReasonSchema.optional(),
});
export type ReportMessage = z.infer<typeof reportMessageSchema>;

/** What the sweeper, and others that find a batch to be continued, tell the planner: finish planning it. */
export const resumeMessageSchema = z.object({
	v: z.literal(1),
	batchId: batchIdSchema,
	tenant: tenantSchema,
});
export type ResumeMessage = z.infer<typeof resumeMessageSchema>;

const namedSchema = batchMessageSchema.pick({ batchId: true, tenant: true });

/** The batch that a message's body names, for a log line about it; nothing where it names none, or cannot be read. */
export function namedIn(body: string): Partial<BatchRef> {
	try {
		return namedSchema.safeParse(JSON.parse(body)).data ?? {};
	} catch {
		return {};
	}
}
