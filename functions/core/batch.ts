import { z } from 'zod';
import { BudgetNetError } from './errors.ts';
import { type Image, imageSchema } from './image.ts';
import { limits } from './limits.ts';
import { tenantSchema } from './object-key.ts';
import { periodSchema } from './period.ts';
import { wordSchema } from './word.ts';

/** Sortable by time: 20261124T113012123Z-1f2e3d4c. */
export const batchIdSchema = z.string().regex(/^\d{8}T\d{9}Z-[0-9a-f]{8}$/, 'expected a batch id');
export const runNameSchema = z.string().regex(/^[a-z0-9-]{1,32}$/, 'expected the name of a run');
export const ridSchema = z.string().regex(/^[0-9a-f-]{36}$/, 'expected a reservation id');

/**
 * claiming: the intent is written, claims may be under way. void: no image was won. deferred: it waits for a
 * reservation; `reason` says why. sent: its message is in the queue. settled: its money is accounted for.
 */
const batchStateSchema = z.enum(['claiming', 'void', 'deferred', 'sent', 'settled']);
export type BatchState = z.infer<typeof batchStateSchema>;

/** States that a batch never leaves. */
export const finalStates: readonly BatchState[] = ['settled', 'void'];

/** States that a batch does not leave for `next`: final ones; and once its message is under way, it waits no longer. */
export function statesKept(next: BatchState): readonly BatchState[] {
	return next === 'claiming' || next === 'deferred' ? [...finalStates, 'sent'] : finalStates;
}

/**
 * Why a batch waits: no such tenant; not enough left of the quota for any label, or for one as good as the tenant's
 * floor; an older batch waits; too many reservations are open; the tenant is suspended; the kill switch is on.
 */
export type DeferralReason =
	| 'unknown-tenant'
	| 'quota'
	| 'floor'
	| 'order'
	| 'open-reservations'
	| 'suspended'
	| 'stopped';

/** A reservation as its batch notes it before requesting it, with the period whose account holds it. */
const notedReservationSchema = z.object({ rid: ridSchema, period: periodSchema });
export type NotedReservation = z.infer<typeof notedReservationSchema>;

/** The batch's item in the table of batches; its images are listed in S3. */
export const batchSchema = z.object({
	batchId: batchIdSchema,
	tenant: tenantSchema,
	createdMs: z.int().min(0),
	/** When this item was written, where that was later (an archive's parts): its planner's time counts from then. */
	writtenMs: z.int().min(0).optional(),
	state: batchStateSchema,
	/** A run on purpose (`budgetnet retry`), with claims of its own; absent for the first run of images. */
	run: runNameSchema.optional(),
	/** Its one candidate is an archive, whose entries are the images of this batch and of the archive's other parts. */
	archive: z.literal(true).optional(),
	/** How many batches the archive's images make, this one included; absent until all of them are written. */
	parts: z.int().min(1).max(limits.archivePartsMax).optional(),
	/** A DeferralReason; a later release may know more. */
	reason: wordSchema.optional(),
	/** Images won; absent until the manifest is written. */
	images: z.int().min(1).max(limits.batchImagesMax).optional(),
	/** Deadline of its newest message: after that no worker starts the batch, and it is given up. */
	deadlineMs: z.int().positive().optional(),
	/** Settled with several reservations, or given up: until then a planner may still be granted one of them. */
	watchedUntilMs: z.int().positive().optional(),
	/** Every reservation ever minted for it, one for each planning attempt. */
	reservations: z.array(notedReservationSchema).max(limits.batchReservationsMax),
});
export type Batch = z.infer<typeof batchSchema>;

/** How many of a batch's `images` count as arrivals: none of a run on purpose, which predicts no future ones. */
export function arrivedIn({ run }: Pick<Batch, 'run'>, images: number): number {
	return run === undefined ? images : 0;
}

/** Whether its planning is yet to be finished. */
export function isUnplanned({ state }: Batch): boolean {
	return state === 'claiming' || state === 'deferred';
}

/** Whether nothing more will happen to it. */
export function isFinal({ state }: Pick<Batch, 'state'>): boolean {
	return finalStates.includes(state);
}

const ownImages = 'expected only images of its own tenant';

export const manifestSchema = z
	.strictObject({
		v: z.literal(1),
		batchId: batchIdSchema,
		tenant: tenantSchema,
		images: z.array(imageSchema).min(1).max(limits.batchImagesMax),
	})
	.refine(({ tenant, images }) => allOf(tenant, images), { message: ownImages, path: ['images'] });
export type Manifest = z.infer<typeof manifestSchema>;

/** The images of an archive, cut into the batches that they make: written once, before the first of these batches. */
export const entryListSchema = z
	.strictObject({
		v: z.literal(1),
		batchId: batchIdSchema,
		tenant: tenantSchema,
		parts: z.array(z.array(imageSchema).min(1).max(limits.batchImagesMax)).min(1).max(limits.archivePartsMax),
	})
	.refine(({ tenant, parts }) => parts.every((images) => allOf(tenant, images)), {
		message: ownImages,
		path: ['parts'],
	});
export type EntryList = z.infer<typeof entryListSchema>;

function allOf(tenant: string, images: readonly Image[]): boolean {
	return images.every(({ key }) => key.startsWith(`${tenant}/`));
}

/** What identifies a batch everywhere: enough to find its objects. */
export interface BatchRef {
	batchId: string;
	tenant: string;
}

/** @param random eight hexadecimal digits */
export function mintBatchId(nowMs: number, random: string): string {
	return `${new Date(nowMs).toISOString().replaceAll(/[-:.]/g, '')}-${random}`;
}

/** The time in a batch's id: 20261124T113012123Z-… is 2026-11-24T11:30:12.123Z. */
export function arrivalMs(batchId: string): number {
	const part = (from: number, to: number) => Number(batchId.slice(from, to));
	return Date.UTC(part(0, 4), part(4, 6) - 1, part(6, 8), part(9, 11), part(11, 13), part(13, 15), part(15, 18));
}

/** The id of the batch that opens an archive: it ends in 00, so that its parts' ids follow it. */
export function mintArchiveBatchId(nowMs: number, random: string): string {
	return mintBatchId(nowMs, `${random.slice(0, -2)}00`);
}

/** The id of an archive's part, from 0, which is the batch that opened it. Repeating the work gives the same ids. */
export function partBatchId(archiveBatchId: string, part: number): string {
	return `${archiveBatchId.slice(0, -2)}${part.toString(16).padStart(2, '0')}`;
}

/** The day of the intent, which is part of the outcomes' key: taken from the id, so that it never changes. */
export function batchDate(batchId: string): string {
	return `${batchId.slice(0, 4)}-${batchId.slice(4, 6)}-${batchId.slice(6, 8)}`;
}

/** Bounds of one batch. */
export interface BatchBounds {
	images: number;
	/** Bytes of all images together, as fetched or as unpacked, whichever is more for each. */
	bytes: number;
	/** Bytes of the manifest's JSON: keys can be long. */
	manifestBytes: number;
}

/**
 * Cuts one tenant's images into batches within bounds; an image that exceeds a bound by itself is a batch of its own.
 */
export function cutBatches(images: readonly Image[], bounds: BatchBounds): Image[][] {
	const batches: Image[][] = [];
	let current: Image[] = [];
	let bytes = 0;
	let manifestBytes = 0;
	for (const image of images) {
		const entryBytes = Buffer.byteLength(JSON.stringify(image)) + 1;
		const full =
			current.length === bounds.images ||
			bytes + bytesOf(image) > bounds.bytes ||
			manifestBytes + entryBytes > bounds.manifestBytes;
		if (full && current.length > 0) {
			batches.push(current);
			current = [];
			bytes = 0;
			manifestBytes = 0;
		}
		current.push(image);
		bytes += bytesOf(image);
		manifestBytes += entryBytes;
	}
	if (current.length > 0) batches.push(current);
	return batches;
}

/** An entry's packed bytes may be more than the unpacked bytes that it claims. */
function bytesOf({ bytes, entry }: Image): number {
	return Math.max(bytes, entry?.stored?.bytes ?? 0);
}

/** The keys of a batch's objects in the results bucket. */
export const objectKeys = {
	candidates: ({ tenant, batchId }: BatchRef) => `candidates/tenant=${tenant}/${batchId}.json`,
	entries: ({ tenant, batchId }: BatchRef) => `entries/tenant=${tenant}/${batchId}.json`,
	manifest: ({ tenant, batchId }: BatchRef) => `manifests/tenant=${tenant}/${batchId}.json`,
	outcomes: ({ tenant, batchId }: BatchRef) => `outcomes/tenant=${tenant}/date=${batchDate(batchId)}/${batchId}.jsonl`,
	report: ({ tenant, batchId }: BatchRef) => `reports/tenant=${tenant}/date=${batchDate(batchId)}/${batchId}.json`,
} as const;

/** @throws BudgetNetError `invalid` when what was found at a batch's key belongs to another one */
export function mustBeOf(ref: BatchRef, found: BatchRef, what: string): void {
	if (found.batchId !== ref.batchId || found.tenant !== ref.tenant)
		throw new BudgetNetError('invalid', `${what} belongs to batch ${found.batchId}, tenant ${found.tenant}`);
}

/**
 * The batch of a message, as it was found.
 * @throws BudgetNetError `not-found` where none was found, or one of another tenant
 */
export function batchOf({ batchId, tenant }: BatchRef, found: Batch | undefined): Batch {
	if (found?.tenant !== tenant)
		throw new BudgetNetError('not-found', `batch ${batchId}: tenant ${tenant} has no such batch`);
	return found;
}
