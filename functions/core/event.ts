import { z } from 'zod';
import { type Closing, closingSchema } from './drop.ts';
import { BudgetNetError, messageOf } from './errors.ts';
import { type Image, imageAt, imageSchema, joinName, nameOfImage } from './image.ts';
import { limits } from './limits.ts';
import { decodeKey, encodeKey, isFolder, isMarkerKey, isTenantPrefix, tenantOf } from './object-key.ts';
import { parse, parseJson } from './parse.ts';

/** S3's own format, which may grow: unknown fields are let through here, and only here. */
const recordSchema = z.looseObject({
	eventSource: z.literal('aws:s3'),
	eventName: z.string(),
	eventTime: z.string().optional(),
	s3: z.looseObject({
		bucket: z.looseObject({ name: z.string() }),
		object: z.looseObject({
			key: z.string(),
			size: z.int().min(0).optional(),
			eTag: z.string().optional(),
			versionId: z.string().optional(),
		}),
	}),
});
export const imageEventSchema = z.union(
	[
		z.looseObject({ Records: z.array(z.unknown()).max(limits.eventRecordsMax) }),
		z.looseObject({ Event: z.literal('s3:TestEvent') }),
	],
	{ error: 'expected an event from S3 itself, with Records' },
);

interface ImageOfTenant {
	tenant: string;
	image: Image;
}

interface RefusedObject {
	refused: string;
}

/** What one message of the image-events queue says. */
export interface ImageEvents {
	images: ImageOfTenant[];
	closings: Closing[];
	/** Objects that a tenant may write but that are neither: they are logged, and that is all. */
	refusals: string[];
	/** Records that make no sense, which somebody has to look at. */
	problems: string[];
}

/**
 * Reads S3's event notification. Test events, removals and folder markers give nothing; a bad record is a problem of
 * its own and does not hide the others.
 * @throws BudgetNetError `invalid` when the message as a whole is not an S3 event
 */
export function parseImageEvents(body: string, bucket: string): ImageEvents {
	const event = parseJson(imageEventSchema, body, 'message of queue image-events');
	const result: ImageEvents = { images: [], closings: [], refusals: [], problems: [] };
	if (!('Records' in event)) return result;
	for (const record of event.Records as unknown[]) {
		try {
			const found = readRecord(record, bucket);
			if (!found) continue;
			if ('refused' in found) result.refusals.push(found.refused);
			else if ('marker' in found) result.closings.push(found);
			else result.images.push(found);
		} catch (error) {
			result.problems.push(messageOf(error));
		}
	}
	return result;
}

/** What a record says; undefined where it says nothing about images. */
function readRecord(input: unknown, bucket: string): ImageOfTenant | Closing | RefusedObject | undefined {
	const record = parse(recordSchema, input, 'record of an S3 event');
	if (!record.eventName.startsWith('ObjectCreated:')) return undefined;
	if (record.s3.bucket.name !== bucket)
		throw new BudgetNetError('invalid', `event of bucket ${record.s3.bucket.name}: expected ${bucket}`);
	const { key: encoded, size, eTag, versionId } = record.s3.object;
	const key = decodeKey(encoded);
	if (isFolder(key, size ?? 0)) return undefined;
	if (isTenantPrefix(key)) return { refused: `"${key}": expected a name after the tenant` };
	const tenant = tenantOf(key);
	if (isMarkerKey(key)) {
		const bytes = Buffer.byteLength(key);
		if (bytes > limits.markerKeyBytesMax)
			return {
				refused: `marker of ${bytes} bytes: expected at most ${limits.markerKeyBytesMax} ("${key.slice(0, 80)}")`,
			};
		const closing = { tenant, marker: key, closedMs: Date.parse(record.eventTime ?? '') };
		return parse(closingSchema, closing, `event of marker "${key}"`);
	}
	if (!eTag) throw new BudgetNetError('invalid', `event of "${key}" has no eTag`);
	// What the list of candidates would reject must fail here, alone, not there with all images of its tenant.
	const image = parse(imageSchema, imageAt(key, size ?? 0, eTag, versionId), `event of "${key}"`);
	return { tenant, image };
}

/** Each image (key, version, path in an archive) once, in a stable order: events arrive duplicated and in any order. */
export function distinctImages(images: readonly Image[]): Image[] {
	const seen = new Map(images.map((image) => [joinName(nameOfImage(image)), image]));
	return [...seen.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, image]) => image);
}

/**
 * An event as S3 would send it, for an image found without a claim or a marker that nobody noted, whose own event was
 * lost.
 * @param createdMs when the object was written
 */
export function imageEvent(bucket: string, image: Image, createdMs: number): z.infer<typeof imageEventSchema> {
	const version = image.versionId === undefined ? {} : { versionId: image.versionId };
	const object = { key: encodeKey(image.key), size: image.bytes, eTag: image.etag, ...version };
	return {
		Records: [
			{
				eventSource: 'aws:s3',
				eventName: 'ObjectCreated:Put',
				eventTime: new Date(createdMs).toISOString(),
				s3: { bucket: { name: bucket }, object },
			},
		],
	};
}
