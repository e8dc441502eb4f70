import { Readable } from 'node:stream';
import {
	DeleteObjectCommand,
	GetObjectCommand,
	ListObjectsV2Command,
	ListObjectVersionsCommand,
	PutObjectCommand,
	type S3Client,
} from '@aws-sdk/client-s3';

interface StoredObject {
	text: string;
	etag: string;
	versionId?: string;
	/** 0 where it is absent. */
	modifiedMs?: number;
}

/** Objects by key. The keys in order are sorted again only when they have changed. */
class Objects extends Map<string, StoredObject> {
	#inOrder: readonly string[] | undefined;

	get inOrder(): readonly string[] {
		this.#inOrder ??= [...this.keys()].sort();
		return this.#inOrder;
	}

	override set(key: string, object: StoredObject): this {
		if (!this.has(key)) this.#inOrder = undefined;
		return super.set(key, object);
	}

	override delete(key: string): boolean {
		this.#inOrder = undefined;
		return super.delete(key);
	}
}

/** A bucket in memory, for tests of thousands of calls; its writes can be made to fail, as if the writer had died. */
export function createMemoryBucket({ pageKeys = 1000 } = {}) {
	const objects = new Objects();
	const calls: string[] = [];
	let writesLeft = Number.POSITIVE_INFINITY;
	let versionsListed = 0;

	function write(): void {
		if (writesLeft <= 0) throw new Error('killed');
		writesLeft -= 1;
	}

	/** Keys under a prefix, in order, after the key `after`, at most `count`. */
	function keysAfter(prefix: string, after: string, count: number): string[] {
		const { inOrder } = objects;
		let from = 0;
		let to = inOrder.length;
		while (from < to) {
			const middle = (from + to) >> 1;
			const key = inOrder[middle] as string;
			if (key > after && key >= prefix) to = middle;
			else from = middle + 1;
		}
		return inOrder.slice(from, from + count).filter((key) => key.startsWith(prefix));
	}

	function describe(Key: string) {
		const { etag, modifiedMs = 0, versionId = 'null' } = objects.get(Key) as StoredObject;
		const facts = { Key, ETag: `"${etag}"`, Size: Key.endsWith('/') ? 0 : 1, LastModified: new Date(modifiedMs) };
		return { ...facts, VersionId: versionId, IsLatest: true };
	}

	function list({ Prefix = '', StartAfter = '', MaxKeys = 1000 }: ListObjectsV2Command['input']) {
		const count = Math.min(MaxKeys, pageKeys);
		const keys = keysAfter(Prefix, StartAfter, count + 1);
		return { Contents: keys.slice(0, count).map(describe), IsTruncated: keys.length > count };
	}

	function listFolders({ Prefix = '', ContinuationToken = '' }: ListObjectsV2Command['input']) {
		const page: string[] = [];
		let [next] = keysAfter(Prefix, ContinuationToken, 1);
		while (next !== undefined && page.length < pageKeys) {
			page.push(next.slice(0, next.indexOf('/', Prefix.length) + 1));
			[next] = keysAfter(Prefix, `${page.at(-1)}\uffff`, 1);
		}
		const more = next === undefined ? {} : { NextContinuationToken: `${page.at(-1)}\uffff` };
		return { CommonPrefixes: page.map((folder) => ({ Prefix: folder })), ...more };
	}

	function listVersions({ Prefix = '', KeyMarker = '', MaxKeys = 1000 }: ListObjectVersionsCommand['input']) {
		const count = Math.min(MaxKeys, pageKeys);
		const keys = keysAfter(Prefix, KeyMarker, count + 1);
		versionsListed += Math.min(keys.length, count);
		return { Versions: keys.slice(0, count).map(describe), IsTruncated: keys.length > count };
	}

	function answer(command: unknown): unknown {
		if (command instanceof ListObjectVersionsCommand) return listVersions(command.input);
		if (command instanceof ListObjectsV2Command)
			return command.input.Delimiter ? listFolders(command.input) : list(command.input);
		if (command instanceof PutObjectCommand) {
			const { Key = '', Body, IfNoneMatch } = command.input;
			if (IfNoneMatch && objects.has(Key)) throw refusal('PreconditionFailed', 412);
			write();
			return void objects.set(Key, { text: String(Body), etag: 'e1' });
		}
		const { Key = '' } = (command as GetObjectCommand).input;
		if (command instanceof DeleteObjectCommand) {
			write();
			return void objects.delete(Key);
		}
		const found = objects.get(Key);
		if (!found) throw refusal('NoSuchKey', 404);
		if (command instanceof GetObjectCommand) return { Body: Readable.from([Buffer.from(found.text)]), Metadata: {} };
		throw new Error('not emulated');
	}

	return {
		objects,
		/** Names of the calls so far, such as "GetObject". */
		calls,
		/** How many versions of objects listings have returned so far. */
		versionsListed: () => versionsListed,
		/** From now on this many writes succeed, and later ones fail. */
		dieAfter: (writes: number) => {
			writesLeft = writes;
		},
		client: {
			send: async (command: object) => {
				calls.push(command.constructor.name.replace('Command', ''));
				return answer(command);
			},
		} as unknown as S3Client,
	};
}

function refusal(name: string, httpStatusCode: number): Error {
	return Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });
}
