import { z } from 'zod';
import { limits } from './limits.ts';

/** One object at one version. */
export const imageSchema = z.strictObject({
	key: z
		.string()
		.min(3)
		.refine((key) => Buffer.byteLength(key) <= limits.keyBytesMax, 'too long'),
	etag: z.string().min(1).max(128),
	/** Absent where the bucket is not versioned. */
	versionId: z.string().min(1).max(1024).optional(),
	bytes: z.int().min(0),
});
export type Image = z.infer<typeof imageSchema>;

/** What tells two versions of a key apart. */
export function versionOf(image: Image): string {
	return image.versionId ?? image.etag;
}
