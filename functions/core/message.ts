import { z } from 'zod';
import { batchIdSchema, ridSchema } from './batch.ts';
import { limits } from './limits.ts';
import { tenantSchema } from './object-key.ts';
import { periodSchema } from './period.ts';
import { priceSchema } from './price.ts';

const modelSchema = z.strictObject({
	name: z.string().min(1).max(64),
	digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
});

/** What the worker is told: the batch, what it may spend, and what that was priced at. */
export const batchMessageSchema = z.strictObject({
	v: z.literal(1),
	batchId: batchIdSchema,
	tenant: tenantSchema,
	rid: ridSchema,
	period: periodSchema,
	model: modelSchema,
	price: priceSchema,
	images: z.int().min(1).max(limits.batchImagesMax),
	budgetMacs: z.int().positive(),
	/** No run may start so late that it could end after this. */
	deadlineMs: z.int().positive(),
});
export type BatchMessage = z.infer<typeof batchMessageSchema>;

/** What the settler is told: only where to look. It believes the outcomes object, not the message. */
export const reportMessageSchema = z.strictObject({
	v: z.literal(1),
	batchId: batchIdSchema,
	tenant: tenantSchema,
});
export type ReportMessage = z.infer<typeof reportMessageSchema>;
