import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import type { S3Store } from './fauxqs-stores.ts';

type StoredObject = ReturnType<S3Store['putObject']>;

/** Bytes of a body up to which it stays in memory: thumbnails, and what the pipeline itself writes. */
const keptBytesMax = 64 * 1024;
/** Of one that is moved: an image's, and what `classify` drops of a file that is larger than one may be. */
const movedBytesMax = limits.imageBytesMax + 1;

/**
 * Keeps the bodies of photos on disk instead of in memory: a folder of thousands is more than a machine has. Archives
 * beyond an image's bounds stay, for they are read span by span. What is deleted, or put again, takes room until all
 * ends.
 * @returns ends it: no body can be read any more
 */
export function keepBodiesOnDisk(store: S3Store): () => void {
	const folder = mkdtempSync(join(tmpdir(), 'budgetnet-images-'));
	const file = openSync(join(folder, 'bodies'), 'wx+', 0o600);
	removeIfPossible(folder); // the open file is enough, and whatever kills this process then leaves nothing behind
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

/** Windows removes no open file: there it goes at the end. */
function removeIfPossible(folder: string): void {
	try {
		rmSync(folder, { recursive: true, force: true });
	} catch {}
}
