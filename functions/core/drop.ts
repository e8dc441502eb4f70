import { z } from 'zod';
import { limits } from './limits.ts';
import { isMarkerKey, prefixOfMarker, tenantSchema } from './object-key.ts';

/** Says that a drop is complete, and since when: a marker was put under its prefix, after its last image. */
export const closingSchema = z.strictObject({
	tenant: tenantSchema,
	/** Key of the marker; the drop is everything under its prefix. */
	marker: z
		.string()
		.refine((key) => Buffer.byteLength(key) <= limits.markerKeyBytesMax, {
			message: `expected at most ${limits.markerKeyBytesMax} bytes`,
		})
		.refine(isMarkerKey, 'expected the key of a marker'),
	/** By S3's clock. A marker that is put again closes the drop again, later. */
	closedMs: z.int().min(0),
});
export type Closing = z.infer<typeof closingSchema>;

/** A closed drop whose images are not all done yet, and how far a walk through their keys has come. */
export const openDropSchema = closingSchema.extend({
	v: z.literal(1),
	/** Images done so far: those up to `after`, in the order of keys. */
	images: z.int().min(0),
	after: z.string().optional(),
	/** The first object that was not done at the last look. */
	waitsFor: z.string().optional(),
});
export type OpenDrop = z.infer<typeof openDropSchema>;

/**
 * What is written, once, when all images of a drop are done: each has its outcome, and what it cost is settled. Later
 * releases may say more.
 */
export const dropRecordSchema = z.object({
	v: z.literal(1),
	tenant: tenantSchema,
	/** The drop's prefix, such as `acme/2026/`. */
	prefix: z.string().min(1),
	/** An archive counts as the number of images that it holds. */
	images: z.int().min(0),
	closedMs: z.int().min(0),
	doneMs: z.int().min(0),
});
export type DropRecord = z.infer<typeof dropRecordSchema>;

/** The record of a drop whose walk has come to its end. */
export function recordOf({ tenant, marker, images, closedMs }: OpenDrop, doneMs: number): DropRecord {
	return { v: 1, tenant, prefix: prefixOfMarker(marker), images, closedMs, doneMs };
}

/** The record's key in the results bucket: `drops/tenant=acme/2026/_complete.json`. It follows from the marker. */
export function recordKeyOf(marker: string): string {
	return `drops/tenant=${marker}.json`;
}

/** Whether what is known of a drop covers this closing: it is from this closing or a later one. */
export function covers(known: OpenDrop | DropRecord | undefined, { closedMs }: Closing): boolean {
	return known !== undefined && known.closedMs >= closedMs;
}
