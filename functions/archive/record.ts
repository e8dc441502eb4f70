import { ImageError } from '../core/failure.ts';
import type { Stored } from '../core/image.ts';
import { limits } from '../core/limits.ts';

/** One record of an archive's directory. */
export interface ArchiveRecord {
	name: string;
	/** Unpacked size. */
	bytes: number;
	stored: Stored;
	folder: boolean;
	/** Why it cannot be read as a plain file. */
	problem?: string;
}

/** What to do about an archive that cannot be read. */
export const makeAgain =
	'create it again, e.g. with `zip -r` or `tar --format=pax`, or drop its images one by one or as several archives';

/** Refuses an archive that holds more records than it may. @throws ImageError */
export function checkCount(records: number): void {
	if (records > limits.archiveEntriesMax)
		throw new ImageError(
			'bad-archive',
			`it holds more than ${limits.archiveEntriesMax} entries: drop it as several archives`,
		);
}
