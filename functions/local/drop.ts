import type { Dirent } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { archiveFormatOf } from '../core/archive.ts';
import { BudgetNetError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { isMarkerKey, tenantOf } from '../core/object-key.ts';
import type { Host } from './host.ts';

const filesMax = 1_000_000;

/**
 * Paths of the files under a folder, relative to it, sorted; links to files are files, links to folders are not
 * followed. Hidden ones are left out, and markers of drops, which are no images.
 * @throws BudgetNetError `not-found`; `invalid`: no folder, or too many files
 */
export async function listFiles(folder: string): Promise<string[]> {
	const info = await stat(folder).catch(() => undefined);
	const named = `"${folder && resolve(folder)}"`;
	if (!info) throw new BudgetNetError('not-found', `folder ${named} is not there: expected a folder of images`);
	if (!info.isDirectory()) throw new BudgetNetError('invalid', `${named} is no folder: expected a folder of images`);
	const entries = await readdir(folder, { recursive: true, withFileTypes: true });
	const files: string[] = [];
	for (const entry of entries)
		if (await isFile(entry)) files.push(relative(folder, join(entry.parentPath, entry.name)));
	const isImage = (path: string[]) => !path.some((part) => part.startsWith('.')) && !isMarkerKey(`/${path.join('/')}`);
	const shown = files.filter((file) => isImage(file.split(sep))).sort();
	if (shown.length === 0) throw new BudgetNetError('not-found', `folder "${folder}" holds no files`);
	if (shown.length > filesMax)
		throw new BudgetNetError('invalid', `folder "${folder}" holds ${shown.length} files: expected at most ${filesMax}`);
	return shown.map((file) => file.split(sep).join('/'));
}

/** Collections of images are often made of links: left out, they would be without label and without a word. */
async function isFile(entry: Dirent): Promise<boolean> {
	if (!entry.isSymbolicLink()) return entry.isFile();
	const target = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
	return target?.isFile() ?? true; // a link to nothing is told of when it is read
}

/**
 * `listFiles` of a folder whose files are one image each.
 * @throws BudgetNetError `not-found`; `invalid`: an archive, which is many
 */
export async function listImages(folder: string): Promise<string[]> {
	const files = await listFiles(folder);
	const archive = files.find((file) => archiveFormatOf(file) !== undefined);
	if (archive === undefined) return files;
	throw new BudgetNetError('invalid', `"${archive}" is an archive: unpack it first, or drop it into a bucket`);
}

/** Drops files of a folder, one image each, into the images bucket under `tenant/`. */
export async function dropFiles(host: Host, tenant: string, folder: string, files: readonly string[]): Promise<void> {
	const drop = async (file: string) => {
		const Key = `${tenant}/${file}`;
		tenantOf(Key); // refuses by name what the planner could not take
		const Body = await readImage(join(folder, file));
		await host.clients.s3.send(new PutObjectCommand({ Bucket: host.resources.imagesBucket, Key, Body }));
	};
	await pMap(files, drop, { concurrency: limits.uploadConcurrency });
}

/**
 * No more of a file than shows that it is too large: whole films lie among photos, and of a file of 2 GiB nothing can
 * be read at once.
 */
async function readImage(path: string): Promise<Uint8Array> {
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
