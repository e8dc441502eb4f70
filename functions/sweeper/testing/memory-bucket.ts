import { Readable } from 'node:stream';
import {
	DeleteObjectCommand,
	GetObjectCommand,
	HeadObjectCommand,
	ListObjectsV2Command,
	PutObjectCommand,
	type S3Client,
} from '@aws-sdk/client-s3';

interface StoredObject {
	text: string;
	etag: string;
	versionId?: string;
	/** 0 where it is not said. */
	modifiedMs?: number;
}

/** A bucket in memory, for what takes thousands of calls; its writes can be made to fail, as if the writer had died. */
export function createMemoryBucket({ pageKeys = 1000 } = {}) {
	const objects = new Map<string, StoredObject>();
	const calls: string[] = [];
	let writesLeft = Number.POSITIVE_INFINITY;

	function write(): void {
		if (writesLeft <= 0) throw new Error('killed');
		writesLeft -= 1;
	}

	function list({ Prefix = '', StartAfter = '', MaxKeys = 1000 }: ListObjectsV2Command['input']) {
		const keys = [...objects.keys()].filter((key) => key.startsWith(Prefix) && key > StartAfter).sort();
		const page = keys.slice(0, Math.min(MaxKeys, pageKeys));
		const described = (Key: string) => {
			const { etag, modifiedMs = 0 } = objects.get(Key) as StoredObject;
			return { Key, ETag: `"${etag}"`, Size: 1, LastModified: new Date(modifiedMs) };
		};
		return {
			Contents: page.map(described),
			IsTruncated: page.length < keys.length,
		};
	}

	function answer(command: unknown): unknown {
		if (command instanceof ListObjectsV2Command) return list(command.input);
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
		const { text, etag, versionId } = found;
		if (command instanceof HeadObjectCommand) return { ETag: etag, ContentLength: 1, VersionId: versionId };
		if (command instanceof GetObjectCommand) return { Body: Readable.from([Buffer.from(text)]), Metadata: {} };
		throw new Error('not emulated');
	}

	return {
		objects,
		/** Names of the calls so far, as "GetObject". */
		calls,
		/** From now on so many writes are done, and the next ones fail. */
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
