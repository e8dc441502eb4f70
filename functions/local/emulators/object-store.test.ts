import {
	CopyObjectCommand,
	CreateBucketCommand,
	DeleteObjectTaggingCommand,
	GetObjectCommand,
	HeadObjectCommand,
	ListObjectsV2Command,
	ListObjectVersionsCommand,
	PutObjectCommand,
	PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { oddKeys } from '../../aws/testing/odd-keys.ts';
import { startClients } from '../../aws/testing/start-clients.ts';
import { decodeKey } from '../../core/object-key.ts';

const Bucket = 'results';
let cloud: Awaited<ReturnType<typeof startClients>>;

beforeAll(async () => {
	cloud = await startClients();
	await cloud.s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => cloud.close());

type Conditions = { IfNoneMatch?: string; IfMatch?: string };

function put(Key: string, Body: string | Buffer, conditions: Conditions = {}) {
	return cloud.s3.send(new PutObjectCommand({ Bucket, Key, Body, ...conditions }));
}

async function read(Key: string): Promise<string | undefined> {
	const { Body } = await cloud.s3.send(new GetObjectCommand({ Bucket, Key }));
	return Body?.transformToString();
}

const refusal = (name: string, httpStatusCode: number) => ({ name, $metadata: { httpStatusCode } });

test.each(['plain', 'acme/../up', 'acme/%2F 日本'])('of 50 racers on %s exactly one wins', async (key) => {
	const racers = Array.from({ length: 50 }, (_, i) => put(key, `racer ${i}`, { IfNoneMatch: '*' }).then(() => i));
	const results = await Promise.allSettled(racers);
	const won = results.filter((result) => result.status === 'fulfilled');
	expect(won).toHaveLength(1);
	expect(await read(key)).toBe(`racer ${won[0]?.value}`);
	for (const result of results)
		if (result.status === 'rejected') expect(result.reason).toMatchObject(refusal('PreconditionFailed', 412));
});

test('of 50 writers who saw the same ETag, one replaces the object', async () => {
	const { ETag = '' } = await put('cas', 'first');
	const writers = Array.from({ length: 50 }, (_, i) => put('cas', `writer ${i}`, { IfMatch: ETag }));
	const results = await Promise.allSettled(writers);
	expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
	const now = await cloud.s3.send(new HeadObjectCommand({ Bucket, Key: 'cas' }));
	await put('cas', 'last', { IfMatch: (now.ETag ?? '').replaceAll('"', '') });
	expect(await read('cas')).toBe('last');
});

test('a condition that cannot hold is refused as S3 refuses it', async () => {
	await expect(put('none', 'x', { IfMatch: '"e"' })).rejects.toMatchObject(refusal('NoSuchKey', 404));
	await expect(put('none', 'x', { IfNoneMatch: '"e"' })).rejects.toMatchObject(refusal('NotImplemented', 501));
	const elsewhere = new PutObjectCommand({ Bucket: 'nowhere', Key: 'k', Body: 'x', IfNoneMatch: '*' });
	await expect(cloud.s3.send(elsewhere)).rejects.toMatchObject(refusal('NoSuchBucket', 404));
});

test('the end of a multipart upload obeys conditions too', async () => {
	const upload = () =>
		new Upload({
			client: cloud.s3,
			params: { Bucket, Key: 'parts', Body: Buffer.alloc(6 * 1024 * 1024), IfNoneMatch: '*' },
		}).done();
	await upload();
	await expect(upload()).rejects.toMatchObject(refusal('PreconditionFailed', 412));
});

test('what is not emulated is refused, and the object stays', async () => {
	await put('tagged', 'picture');
	const Tagging = { TagSet: [{ Key: 'a', Value: 'b' }] };
	const key = { Bucket, Key: 'tagged' };
	const notImplemented = refusal('NotImplemented', 501);
	await expect(cloud.s3.send(new PutObjectTaggingCommand({ ...key, Tagging }))).rejects.toMatchObject(notImplemented);
	await expect(cloud.s3.send(new DeleteObjectTaggingCommand(key))).rejects.toMatchObject(notImplemented);
	await expect(cloud.s3.send(new GetObjectCommand({ ...key, VersionId: 'v1' }))).rejects.toMatchObject(notImplemented);
	expect(await read('tagged')).toBe('picture');
});

test('odd keys, metadata, ranges and GET with If-Match', async () => {
	for (const Key of oddKeys) {
		await cloud.s3.send(new PutObjectCommand({ Bucket, Key, Body: Key, Metadata: { rid: 'r1' } }));
		expect(await read(Key)).toBe(Key);
	}
	const [Key = ''] = oddKeys;
	const { ETag, Metadata, ContentLength } = await cloud.s3.send(new HeadObjectCommand({ Bucket, Key }));
	expect({ Metadata, ContentLength }).toEqual({ Metadata: { rid: 'r1' }, ContentLength: Key.length });
	const part = await cloud.s3.send(new GetObjectCommand({ Bucket, Key, IfMatch: ETag, Range: 'bytes=1-2' }));
	expect(await part.Body?.transformToString()).toBe(Key.slice(1, 3));
	const stale = new GetObjectCommand({ Bucket, Key, IfMatch: '"stale"' });
	await expect(cloud.s3.send(stale)).rejects.toMatchObject(refusal('PreconditionFailed', 412));
	const missing = new HeadObjectCommand({ Bucket, Key: 'missing' });
	await expect(cloud.s3.send(missing)).rejects.toMatchObject(refusal('NotFound', 404));
});

test('an image of the largest size is stored with one PUT and read back the same', async () => {
	const body = Buffer.alloc(20 * 1024 * 1024, 'budget');
	await put('large', body);
	const { Body } = await cloud.s3.send(new GetObjectCommand({ Bucket, Key: 'large' }));
	expect(body.equals(await (Body?.transformToByteArray() ?? new Uint8Array()))).toBe(true);
});

test('a listing in pages has every key once, in the order of code units', async () => {
	const names = ['a', 'B', 'c', 'Z', '_', 'a/1', 'a-b', 'A', 'ä', '0', '~', 'b/1', 'b/2'];
	const keys = names.map((name) => `list/${name}`);
	for (const key of keys) await put(key, 'x');
	const page = (options: object) =>
		cloud.s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'list/', MaxKeys: 2, ...options }));
	const byToken: string[] = [];
	const byKey: string[] = [];
	let token: string | undefined;
	let after: string | undefined;
	for (let i = 0; i < keys.length; i++) {
		const one = await page(token === undefined ? {} : { ContinuationToken: token });
		byToken.push(...(one.Contents ?? []).map(({ Key = '' }) => Key));
		const other = await page(after === undefined ? {} : { StartAfter: after });
		byKey.push(...(other.Contents ?? []).map(({ Key = '' }) => Key));
		token = one.NextContinuationToken;
		after = byKey.at(-1);
		if (token === undefined) break;
	}
	expect(token).toBeUndefined();
	expect(byToken).toEqual(keys.sort());
	expect(byKey).toEqual(keys);
	const folders = await page({ Delimiter: '/', MaxKeys: 100 });
	expect(folders.CommonPrefixes).toEqual([{ Prefix: 'list/a/' }, { Prefix: 'list/b/' }]);
});

test('versions are listed as S3 lists those of a bucket without versions, page by page', async () => {
	const keys = ['versions/a b+c.png', 'versions/lines\r\n\u0001.png', 'versions/Ä.png'];
	for (const key of keys) await put(key, 'x');
	await put('versions/a b+c.png', 'again');
	const page = (KeyMarker?: string) =>
		cloud.s3.send(
			new ListObjectVersionsCommand({ Bucket, Prefix: 'versions/', MaxKeys: 2, KeyMarker, EncodingType: 'url' }),
		);
	const first = await page();
	const second = await page(keys[1]);
	expect([first.IsTruncated, second.IsTruncated]).toEqual([true, false]);
	const versions = [...(first.Versions ?? []), ...(second.Versions ?? [])];
	expect(versions.map(({ Key = '' }) => decodeKey(Key))).toEqual(keys);
	for (const version of versions)
		expect(version).toMatchObject({ VersionId: 'null', IsLatest: true, LastModified: expect.any(Date) });
	expect(versions.map(({ Size }) => Size)).toEqual([5, 1, 1]);
	const elsewhere = new ListObjectVersionsCommand({ Bucket: 'nowhere' });
	await expect(cloud.s3.send(elsewhere)).rejects.toMatchObject(refusal('NoSuchBucket', 404));
});

test('a copy has the content of its source', async () => {
	await put('source', 'picture');
	await cloud.s3.send(new CopyObjectCommand({ Bucket, Key: 'copied', CopySource: `${Bucket}/source` }));
	expect(await read('copied')).toBe('picture');
});
