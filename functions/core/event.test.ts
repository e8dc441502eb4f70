import { describe, expect, test } from 'vitest';
import { distinctImages, parseImageEvents } from './event.ts';
import type { Image } from './image.ts';
import { limits } from './limits.ts';
import { isImage } from './object-key.ts';

interface Fields {
	name?: string;
	time?: string | undefined;
	bucket?: string;
	object?: Record<string, unknown>;
}

function record(
	key: string,
	{ name = 'ObjectCreated:Put', time = '1970-01-01T00:00:07.123Z', bucket = 'images', object = {} }: Fields = {},
) {
	return {
		eventVersion: '2.1',
		eventSource: 'aws:s3',
		awsRegion: 'us-east-1',
		eventName: name,
		eventTime: time,
		s3: { bucket: { name: bucket }, object: { key, size: 5, eTag: 'e1', sequencer: '0A', ...object } },
	};
}

const read = (...records: unknown[]) => parseImageEvents(JSON.stringify({ Records: records }), 'images');
const nothing = { images: [], closings: [], refusals: [], problems: [] };
const keysOf = (events: ReturnType<typeof read>) => events.images.map(({ image }) => image.key);

describe('an S3 message', () => {
	test('names an image, its tenant and its version', () => {
		const versioned = record('acme/cat.png', { object: { eTag: '"e2"', versionId: 'v1', size: 0 } });
		expect(read(record('acme/cat.png'), versioned)).toEqual({
			images: [
				{ tenant: 'acme', image: { key: 'acme/cat.png', etag: 'e1', bytes: 5 } },
				{ tenant: 'acme', image: { key: 'acme/cat.png', etag: 'e2', bytes: 0, versionId: 'v1' } },
			],
			closings: [],
			refusals: [],
			problems: [],
		});
	});

	test('names several images, of several tenants, with odd keys', () => {
		const events = read(record('acme/a+b%2B.png'), record('globex/K%C3%A4se.png'), record('acme/..%2Fup.png'));
		expect(keysOf(events)).toEqual(['acme/a b+.png', 'globex/Käse.png', 'acme/../up.png']);
		expect(events.images.map(({ tenant }) => tenant)).toEqual(['acme', 'globex', 'acme']);
	});

	test('names no images when it is a test, a removal or a console’s folder', () => {
		const body = JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'images' });
		expect(parseImageEvents(body, 'images')).toEqual(nothing);
		const removed = record('acme/cat.png', { name: 'ObjectRemoved:Delete', object: { eTag: undefined } });
		expect(read(removed, record('acme/', { object: { size: 0 } }))).toEqual(nothing);
	});

	test.each(['acme/', 'acme/2026/', 'acme/2026/_complete', 'acme/a.png', 'Acme/a.png', 'a.png', 'acme//'])(
		'treats as an image exactly what the search for lost events treats as one: %s',
		(key) => {
			for (const bytes of [0, 10])
				expect(keysOf(read(record(key, { object: { size: bytes } })))).toEqual(isImage({ key, bytes }) ? [key] : []);
		},
	);

	test('with bytes under a tenant’s bare prefix is refused, with nothing that another try could fix', () => {
		const events = read(record('acme/'), record('acme/cat.png'));
		expect(keysOf(events)).toEqual(['acme/cat.png']);
		expect(events).toMatchObject({ refusals: ['"acme/": expected a name after the tenant'], problems: [] });
	});

	test.each([
		['a key without a tenant', record('cat.png')],
		['a key that is not encoded', record('acme/100%.png')],
		['another bucket', record('acme/cat.png', { bucket: 'other' })],
		['no etag', record('acme/cat.png', { object: { eTag: undefined } })],
		['a negative size', record('acme/cat.png', { object: { size: -1 } })],
		['another source', { ...record('acme/cat.png'), eventSource: 'aws:sns' }],
		['nonsense', 7],
		['nothing', null],
	])('with %s has one problem, and its other records count', (_, bad) => {
		const events = read(record('acme/first.png'), bad, record('acme/last.png'));
		expect(keysOf(events)).toEqual(['acme/first.png', 'acme/last.png']);
		expect(events.problems).toHaveLength(1);
	});

	test.each([
		['no JSON', '{'],
		['another thing', '{"detail-type":"Object Created"}'],
		['a list', '[]'],
		['records that are none', '{"Records":7}'],
		['too many records', JSON.stringify({ Records: Array(limits.eventRecordsMax + 1).fill(record('acme/x')) })],
	])('that is %s is refused as a whole', (_, body) => {
		expect(() => parseImageEvents(body, 'images')).toThrow(expect.objectContaining({ code: 'invalid' }));
	});
});

test.each([
	['a long etag', { eTag: 'e'.repeat(129) }],
	['a long version', { versionId: 'v'.repeat(1025) }],
	['an etag of quotes', { eTag: '""' }],
	['a key with a NUL', { key: 'acme/a%00b' }],
	['a size beyond counting', { size: 2 ** 60 }],
])('a record with %s fails alone, rather than with all of its tenant later', (_, object) => {
	const events = read(record('acme/first.png'), record('acme/odd.png', { object }));
	expect(keysOf(events)).toEqual(['acme/first.png']);
	expect(events.problems).toHaveLength(1);
});

describe('a marker', () => {
	test.each(['acme/_complete', 'acme/2026/11/_complete', 'acme//_complete'])(
		'%s closes a drop, whatever its content',
		(key) => {
			const events = read(record('acme/cat.png'), record(key), record(key, { object: { size: 0, eTag: undefined } }));
			expect(keysOf(events)).toEqual(['acme/cat.png']);
			expect(events.closings).toEqual(Array(2).fill({ tenant: 'acme', marker: key, closedMs: 7123 }));
			expect(events.problems).toEqual([]);
		},
	);

	test.each(['acme/_complete/x.png', 'acme/x_complete', 'acme/_COMPLETE', 'acme/_complete.png'])(
		'%s is not a marker but an image',
		(key) => {
			expect(read(record(key))).toMatchObject({ images: [{ image: { key } }], closings: [], problems: [] });
		},
	);

	test('has a key that leaves room for its record’s key', () => {
		const markerOf = (bytes: number) => `acme/${'k'.repeat(bytes - 'acme//_complete'.length)}/_complete`;
		expect(read(record(markerOf(limits.markerKeyBytesMax))).closings).toHaveLength(1);
		expect(read(record(markerOf(limits.markerKeyBytesMax + 1)))).toEqual({
			...nothing,
			refusals: [expect.stringContaining(`expected at most ${limits.markerKeyBytesMax}`)],
		});
	});

	test.each([
		['without a tenant', record('_complete')],
		['with an odd tenant', record('Acme/_complete')],
		['without a time', record('acme/_complete', { time: 'x' })],
	])('%s is a problem', (_, bad) => {
		expect(read(bad, record('acme/cat.png'))).toMatchObject({ closings: [], problems: [expect.any(String)] });
	});
});

test('a message may hold as many records as are allowed', () => {
	expect(read(...Array(limits.eventRecordsMax).fill(record('acme/x'))).images).toHaveLength(limits.eventRecordsMax);
});

test('duplicate images count once, in whatever order they come', () => {
	const image = (key: string, rest: Partial<Image> = {}): Image => ({ key, etag: 'e1', bytes: 1, ...rest });
	const a = image('acme/a');
	const b = image('acme/b');
	const newer = image('acme/a', { etag: 'e2' });
	const versioned = image('acme/a', { versionId: 'v1' });
	const distinct = distinctImages([b, a, versioned, newer, a, b]);
	expect(distinct).toEqual([a, newer, versioned, b]);
	expect(distinctImages([newer, b, a, b, versioned])).toEqual(distinct);
	const entries = ['x.png', 'y.png'].map((name) => image('acme/a.zip', { entry: { name } }));
	expect(distinctImages([...entries, ...entries])).toEqual(entries); // of one archive, each by its path
});
