import { BudgetNetError } from '../core/errors.ts';
import { type Listing, listFolderImages } from '../local/drop.ts';
import { type SortedOut, sortOut } from '../local/readable.ts';
import { printable } from './printable.ts';

/** The tenant that a folder's images belong to in the embedded cloud. */
export const tenant = 'local';

/** How many names a line on a terminal shows, and how many characters of each. */
const namesMax = 3;
const nameCharactersMax = 80;

/**
 * The files of a folder, one image each, as paths within it. What is left out is listed on standard error.
 * @throws BudgetNetError `not-found`; `invalid`, as `listFolderImages` does
 */
export async function imagesOf(folder: string): Promise<string[]> {
	const listing = await listFolderImages(folder);
	const leftOut = describeLeftOut(listing);
	if (leftOut) process.stderr.write(`left out: ${leftOut}\n`);
	return listing.files;
}

/**
 * Files of a folder, from `imagesOf`, that can be read, and the others, which are listed on standard error.
 * @throws BudgetNetError `invalid` when none can be read
 */
export async function readableOf(folder: string, files: readonly string[]): Promise<SortedOut> {
	const sorted = await sortOut(tenant, folder, files);
	const { readable, unreadable } = sorted;
	if (unreadable.length === 0) return sorted;
	const which = someOf(unreadable.map(({ file, detail }) => `${shortened(file)} (${printable(detail)})`));
	const count = `${unreadable.length} of ${files.length} files`;
	if (readable.length === 0)
		throw new BudgetNetError('invalid', `${count} cannot be read: ${which}; fix them, or pass another folder`);
	process.stderr.write(`${count} cannot be read: ${which}\n`);
	return sorted;
}

function describeLeftOut({ linkedFolders, others }: Listing): string {
	const [links, no] = [linkedFolders.length, others.length];
	const parts: string[] = [];
	if (links > 0)
		parts.push(`${links === 1 ? '1 link to a folder' : `${links} links to folders`} (${named(linkedFolders)})`);
	if (no > 0) parts.push(`${no === 1 ? '1 that is not a file' : `${no} that are not files`} (${named(others)})`);
	return parts.join(', ');
}

function named(files: readonly string[]): string {
	return someOf(files.map(shortened));
}

function someOf(names: readonly string[]): string {
	const more = names.length - namesMax;
	return names.slice(0, namesMax).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function shortened(name: string): string {
	return printable(name.length > nameCharactersMax ? `${name.slice(0, nameCharactersMax)}…` : name);
}
