import { open } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import { messageOf } from '../core/errors.ts';
import { type Failure, failureOf } from '../core/failure.ts';
import { limits } from '../core/limits.ts';
import { tenantOf } from '../core/object-key.ts';

/** A file of a folder that cannot be dropped, and why. */
export interface Unreadable extends Failure {
	file: string;
}

/** Files of a folder, separated. */
export interface SortedOut {
	readable: string[];
	unreadable: Unreadable[];
}

/**
 * Opens files of a folder, given as paths within it, to separate those that can be a tenant's images from the others.
 */
export async function sortOut(tenant: string, folder: string, files: readonly string[]): Promise<SortedOut> {
	const faultOf = async (file: string) => {
		try {
			tenantOf(`${tenant}/${file}`);
			await (await open(join(folder, file))).close();
			return undefined;
		} catch (error) {
			return { file, ...failureOf('unreadable', describe(file, messageOf(error))) };
		}
	};
	const faults = await pMap(files, faultOf, { concurrency: limits.fetchConcurrency });
	return {
		readable: files.filter((_, i) => faults[i] === undefined),
		unreadable: faults.filter((fault) => fault !== undefined),
	};
}

/** Replaces bytes that are not UTF-8 in a listed name; there is no file under such a name. */
const replaced = '\ufffd';

/** What `open` says, without the path, which is known. */
function describe(file: string, message: string): string {
	const said = message.replace(/, open '.*/s, '');
	return said.startsWith('ENOENT') && file.includes(replaced) ? `${said}: its name is not UTF-8` : said;
}
