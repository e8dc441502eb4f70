import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import type { S3Store } from './fauxqs-stores.ts';

type StoredObject = ReturnType<S3Store['putObject']>;

/** The most bytes of a body that stays in memory: thumbnails, and what the pipeline itself writes. */
const keptBytesMax = 64 * 1024;
/**
 * The most bytes of a body that is moved: an image's, or what `classify` drops of a file larger than an image may be.
 */
const movedBytesMax = limits.imageBytesMax + 1;

/**
 * Keeps the bodies of photos on disk instead of in memory: a folder of thousands needs more than a machine has.
 * Archives larger than an image may be stay in memory, because they are read span by span. A body that is deleted or
 * overwritten takes room until everything ends.
 * @returns ends it: no body can be read any more
 */
export function keepBodiesOnDisk(store: S3Store): () => void {
	const folder = mkdtempSync(join(tmpdir(), 'budgetnet-images-'));
	const file = openSync(join(folder, 'bodies'), 'wx+', 0o600);
	removeIfPossible(folder); // the open file is enough, and then nothing is left behind, whatever kills this process
	let end = 0;

	function move(object: StoredObject): StoredObject {
		const bytes = object.body.length;
		if (bytes <= keptBytesMax || bytes > movedBytesMax) return object;
		const at = end;
		for (let done = 0; done < bytes; ) done += writeSync(file, object.body, done, bytes - done, at + done);
		end += bytes;
		return Object.defineProperty(object, 'body', { get: () => read(at, bytes), enumerable: true, configurable: true });
	}

	function read(at: number, bytes: number): Buffer {
		const body = Buffer.allocUnsafe(bytes);
		let done = 0;
		while (done < bytes) {
			const more = readSync(file, body, done, bytes - done, at + done);
			assert(more > 0, 'the file of bodies is shorter than what was written to it');
			done += more;
		}
		return body;
	}

	const put = store.putObject.bind(store);
	const complete = store.completeMultipartUpload.bind(store);
	store.putObject = (...args) => move(put(...args));
	store.completeMultipartUpload = (...args) => move(complete(...args));
	return () => {
		closeSync(file);
		rmSync(folder, { recursive: true, force: true });
	};
}

/** Windows does not remove an open file: there it is removed at the end. */
function removeIfPossible(folder: string): void {
	try {
		rmSync(folder, { recursive: true, force: true });
	} catch {}
}
