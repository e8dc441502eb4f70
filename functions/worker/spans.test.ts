import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Image } from '../core/image.ts';
import { cutSpans, spanBytesMax, spansABatch } from './spans.ts';

const entry = (at: number, bytes: number, key = 'acme/a.tar'): Image => ({
	key,
	etag: 'e1',
	bytes,
	entry: { name: `${at}.png`, stored: { at, bytes, as: 'tar' } },
});
const neighbours = (count: number, bytes: number) => Array.from({ length: count }, (_, i) => entry(i * bytes, bytes));

test('small neighbours are fetched together, in as many reads as there are decoders', () => {
	const spans = cutSpans(neighbours(1024, 3000));
	expect(spans.length).toBeGreaterThanOrEqual(spansABatch);
	expect(spans.length).toBeLessThanOrEqual(spansABatch + 1);
});

test('a few small entries are one read', () => {
	expect(cutSpans(neighbours(10, 3000))).toHaveLength(1);
});

test('entries that are far apart, or in another archive, are read by themselves; single images and refused ones are left out', () => {
	const far = entry(100_000_000, 10);
	const other = entry(10, 10, 'acme/b.tar');
	const refused: Image = {
		key: 'acme/a.tar',
		etag: 'e1',
		bytes: 0,
		entry: { name: 'x' },
		refused: { reason: 'bad-entry', detail: '' },
	};
	const spans = cutSpans([far, { key: 'acme/single.png', etag: 'e2', bytes: 5 }, refused, entry(0, 10), other]);
	expect(spans.map(({ archive, at, bytes }) => [archive.key, at, bytes])).toEqual([
		['acme/a.tar', 0, 10],
		['acme/a.tar', 100_000_000, 10],
		['acme/b.tar', 10, 10],
	]);
});

test('every entry is in exactly one span, and none is larger than a read may be, unless a single entry is', () => {
	const places = fc.array(fc.record({ gap: fc.nat({ max: 200_000 }), bytes: fc.nat({ max: 6_000_000 }) }), {
		maxLength: 40,
	});
	fc.assert(
		fc.property(places, (list) => {
			let at = 0;
			const images = list.map(({ gap, bytes }) => {
				const image = entry(at + gap, bytes);
				at += gap + bytes;
				return image;
			});
			const spans = cutSpans(images);
			expect(spans.flatMap(({ entries }) => entries.map(({ index }) => index)).sort((a, b) => a - b)).toEqual([
				...images.keys(),
			]);
			for (const span of spans) {
				if (span.entries.length > 1) expect(span.bytes).toBeLessThanOrEqual(spanBytesMax);
				for (const { stored } of span.entries) {
					expect(stored.at).toBeGreaterThanOrEqual(span.at);
					expect(stored.at + stored.bytes).toBeLessThanOrEqual(span.at + span.bytes);
				}
			}
		}),
	);
});
