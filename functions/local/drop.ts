import type { Dirent } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { archiveFormatOf } from '../core/archive.ts';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { isMarkerKey, tenantOf } from '../core/object-key.ts';
import type { Host } from './host.ts';

const filesMax = 1_000_000;

/**
 * What is under a folder, as paths relative to it, sorted; without hidden files and without markers of drops, which are
 * no images.
 */
export interface Listing {
	/** Also links to files, and broken links. */
	files: string[];
	/** Links to folders; they are not followed. */
	linkedFolders: string[];
	/** Pipes, devices and anything else that is neither file nor folder, and links to such things. */
	others: string[];
}

/** The files of `listAll`. @throws BudgetNetError `not-found`, `invalid` */
export async function listFiles(folder: string): Promise<string[]> {
	return (await listAll(folder)).files;
}

/**
 * What is under a folder in which every file is one image.
 * @throws BudgetNetError `not-found`; `invalid`: no folder, one that cannot be listed, too many files, or an archive,
 * which is many images
 */
export async function listFolderImages(folder: string): Promise<Listing> {
	const listing = await listAll(folder);
	const archive = listing.files.find((file) => archiveFormatOf(file) !== undefined);
	if (archive === undefined) return listing;
	throw new BudgetNetError('invalid', `"${archive}" is an archive: unpack it first, or drop it into a bucket`);
}

/** @throws BudgetNetError `not-found`; `invalid`: no folder, one that cannot be listed, or too many files */
async function listAll(folder: string): Promise<Listing> {
	const listing: Listing = { files: [], linkedFolders: [], others: [] };
	for (const entry of await entriesOf(folder)) {
		const path = relative(folder, join(entry.parentPath, entry.name)).split(sep);
		const kind = isLeftOut(path) ? undefined : await kindOf(entry);
		if (kind) listing[kind].push(path.join('/'));
	}
	for (const paths of Object.values(listing)) paths.sort();
	const { length } = listing.files;
	if (length === 0)
		throw new BudgetNetError(
			'not-found',
			`folder "${folder}" holds no files: hidden ones do not count, and links to folders are not followed`,
		);
	if (length > filesMax)
		throw new BudgetNetError('invalid', `folder "${folder}" holds ${length} files: expected at most ${filesMax}`);
	return listing;
}

async function entriesOf(folder: string): Promise<Dirent[]> {
	const info = await stat(folder).catch(() => undefined);
	const named = `"${folder && resolve(folder)}"`;
	if (!info) throw new BudgetNetError('not-found', `folder ${named} is not there: expected a folder of images`);
	if (!info.isDirectory()) throw new BudgetNetError('invalid', `${named} is not a folder: expected a folder of images`);
	try {
		return await readdir(folder, { recursive: true, withFileTypes: true });
	} catch (error) {
		const said = `folder ${named} cannot be listed in full: ${messageOf(error)}`;
		throw new BudgetNetError('invalid', said, { cause: error });
	}
}

function isLeftOut(path: readonly string[]): boolean {
	return path.some((part) => part.startsWith('.')) || isMarkerKey(`/${path.join('/')}`);
}

/** Collections of images often consist of links: left out, they would silently get no label. */
async function kindOf(entry: Dirent): Promise<keyof Listing | undefined> {
	if (entry.isDirectory()) return undefined;
	if (!entry.isSymbolicLink()) return entry.isFile() ? 'files' : 'others';
	const target = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
	if (target?.isDirectory()) return 'linkedFolders';
	return !target || target.isFile() ? 'files' : 'others'; // a broken link is reported when it is opened
}

/** Drops files of a folder, one image each, into the images bucket under `tenant/`. */
export async function dropFiles(host: Host, tenant: string, folder: string, files: readonly string[]): Promise<void> {
	const drop = async (file: string) => {
		const Key = `${tenant}/${file}`;
		tenantOf(Key); // refuses, with its name, what the planner could not take
		const Body = await readImage(join(folder, file));
		await host.clients.s3.send(new PutObjectCommand({ Bucket: host.resources.imagesBucket, Key, Body }));
	};
	await pMap(files, drop, { concurrency: limits.uploadConcurrency });
}

/**
 * The bytes of a file, but no more of them than show that it is too large: there may be whole films among photos, and a
 * file of 2 GiB cannot be read at once.
 * @throws what opening and reading throw
 */
export async function readImage(path: string): Promise<Uint8Array> {
	const file = await open(path);
	try {
		const { size } = await file.stat();
		if (size <= limits.imageBytesMax) return await file.readFile();
		const { buffer, bytesRead } = await file.read(Buffer.alloc(limits.imageBytesMax + 1), 0);
		return buffer.subarray(0, bytesRead);
	} finally {
		await file.close();
	}
}
