import { z } from 'zod';

/** Why an image has no label. */
export const failureReasons = [
	'not-an-image', // its bytes are no image that can be read
	'too-large', // more bytes, pixels or parts than the limits allow
	'deleted', // gone between claim and run; in a bucket with versions, this very version is
	'overwritten', // replaced by another, in a bucket without versions; that one gets an outcome of its own
	'unreadable', // the bucket would not give it, or `classify` could not open it
	'bad-archive', // an archive that cannot be read as one, or exceeds the limits: none of its images has a label
	'bad-entry', // an entry of an archive that is no plain file, or whose bytes are not what the archive says
	'no-answer', // the network gave no numbers for it, for example because its sums overflow
	'given-up', // its batch failed as a whole, or its deadline passed
	'waited-too-long', // deferred for longer than limits.deferralDaysMax
	'discarded', // an operator ended its batch while it waited
] as const;
export type FailureReason = (typeof failureReasons)[number];

const detailCharactersMax = 500;

/** Why, and what exactly. A later release may know more reasons. */
export const failureSchema = z.strictObject({
	reason: z
		.string()
		.max(64)
		.regex(/^[a-z]+(-[a-z]+)*$/, 'expected words joined by hyphens'),
	detail: z.string().max(detailCharactersMax),
});
export type Failure = z.infer<typeof failureSchema>;

/**
 * A failure. A detail that is too long is cut; half a character at its end, which no reader of JSON takes, is replaced.
 */
export function failureOf(reason: FailureReason, detail: string): Failure {
	return { reason, detail: detail.slice(0, detailCharactersMax).toWellFormed() };
}

/** One image cannot be loaded; others of its batch can. */
export class ImageError extends Error {
	override readonly name = 'ImageError';
	readonly reason: FailureReason;
	/** The image is at fault only if others of its bucket can be fetched at that time; otherwise this program may be. */
	readonly doubtful: boolean;

	constructor(
		reason: FailureReason,
		message: string,
		{ doubtful = false, ...options }: ErrorOptions & { doubtful?: boolean } = {},
	) {
		super(message, options);
		this.reason = reason;
		this.doubtful = doubtful;
	}
}
