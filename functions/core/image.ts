import { z } from 'zod';
import { failureSchema } from './failure.ts';
import { limits } from './limits.ts';

/** Where an entry's bytes are in its archive, and in what form. A zip's begin with the entry's local header. */
const storedSchema = z.strictObject({
	at: z.int().min(0),
	bytes: z.int().min(0),
	as: z.enum(['tar', 'zip-stored', 'zip-deflated']),
	/** Size of the packed data; only for an entry of a zip. */
	packedBytes: z.int().min(0).optional(),
	crc32: z.int().min(0).optional(),
});
export type Stored = z.infer<typeof storedSchema>;

/** An image within an archive. */
const entrySchema = z.strictObject({
	/** Its path in the archive, such as `2026/cat.png`. */
	name: z
		.string()
		.min(1)
		.refine((name) => Buffer.byteLength(name) <= limits.entryNameBytesMax, 'too long'),
	/** Absent where it was refused when the archive was opened. */
	stored: storedSchema.optional(),
});

/**
 * One object at one version, or one entry of an archive: then key, etag and version are the archive's, and `bytes` is
 * the entry's own.
 */
export const imageSchema = z
	.strictObject({
		key: z
			.string()
			.min(3)
			.refine((key) => Buffer.byteLength(key) <= limits.keyBytesMax, 'too long'),
		etag: z.string().min(1).max(128),
		/** Absent where the bucket is not versioned. */
		versionId: z.string().min(1).max(1024).optional(),
		bytes: z.int().min(0),
		entry: entrySchema.optional(),
		/** Why it can have no label, where that is known before the batch runs: then nothing is fetched. */
		refused: failureSchema.optional(),
	})
	.refine(({ entry, refused }) => !entry || (entry.stored === undefined) === (refused !== undefined), {
		message: 'expected an entry that is either stored or refused',
		path: ['entry'],
	});
export type Image = z.infer<typeof imageSchema>;

/** What S3 calls the version of an object that was put while its bucket had no versions. */
const noVersion = 'null';

/**
 * An object as S3 describes it in events, listings and responses: its etag may be in quotes, and its version missing or
 * `null`.
 */
export function imageAt(key: string, bytes: number, etag: string, versionId?: string): Image {
	const image: Image = { key, etag: etag.replaceAll('"', ''), bytes };
	return versionId && versionId !== noVersion ? { ...image, versionId } : image;
}

/** What tells two versions of a key apart. */
export function versionOf(image: Image): string {
	return image.versionId ?? image.etag;
}

/** What names an image in outcomes. */
export interface ImageName {
	key: string;
	version: string;
	/** Its path within the archive that the key names. */
	entry?: string | undefined;
}

/** The name of an image. */
export function nameOfImage(image: Image): ImageName {
	const named = { key: image.key, version: versionOf(image) };
	return image.entry ? { ...named, entry: image.entry.name } : named;
}

/** A name as one string, for maps and claims; its parts are separated by a character that occurs in none of them. */
export function joinName({ key, version, entry }: ImageName): string {
	return entry === undefined ? `${key}\0${version}` : `${key}\0${version}\0${entry}`;
}
