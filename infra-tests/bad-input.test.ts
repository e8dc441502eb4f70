import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { entryListSchema, manifestSchema } from '../functions/core/batch.ts';
import type { BudgetNetError } from '../functions/core/errors.ts';
import { parseImageEvents } from '../functions/core/event.ts';
import { batchMessageSchema, reportMessageSchema, resumeMessageSchema } from '../functions/core/message.ts';
import { outcomeSchema, runFactsSchema } from '../functions/core/outcome.ts';
import { parseCard } from '../functions/core/package.ts';
import { parse, parseJson } from '../functions/core/parse.ts';
import { embeddedPrice } from '../functions/core/price.ts';
import { spoil, spoilText } from '../functions/core/testing/spoil.ts';
import { decodeImage } from '../functions/onnx/decode.ts';
import { startSmallCloud } from './small-cloud.ts';

const models = join(import.meta.dirname, '..', 'models');
const batchId = '20261124T113012123Z-1f2e3d4c';
const rid = '0b9f2c34-8d5e-4b6f-9a3c-2f1e0d9c8b7a';
const ref = { batchId, tenant: 'acme' };
const image = { key: 'acme/cat.png', etag: 'abc', bytes: 12 };
const stored = {
	...image,
	entry: { name: 'in/it.png', stored: { at: 5, bytes: 60, as: 'zip-deflated', packedBytes: 10, crc32: 7 } },
};
const refused = { ...image, entry: { name: 'evil.png' }, refused: { reason: 'bad-entry', detail: 'it is a link' } };
const message = {
	v: 1,
	...ref,
	rid,
	period: '2026-11',
	model: { name: 'cifar10-resnet', digest: `sha256:${'a'.repeat(64)}` },
	price: embeddedPrice,
	images: 1,
	budgetMacs: 1000,
	deadlineMs: 1_800_000_000_000,
};
const facts = {
	v: 1,
	...ref,
	rid,
	period: '2026-11',
	model: 'cifar10-resnet',
	price: embeddedPrice,
	budgetMacs: 1000,
	consumedMacs: 900,
	images: 1,
	labelled: 1,
	failed: 0,
	billedNanoUsd: 6,
	provider: 'cpu',
	startedMs: 1,
	elapsedMs: 1,
};
const outcome = {
	v: 1,
	key: 'acme/cat.png',
	version: 'abc',
	status: 'labelled',
	label: 'cat',
	confidence: 0.5,
	policies: ['p0'],
	macs: 10,
};

const contracts = [
	['message of queue batches', batchMessageSchema, message],
	['message of queue reports', reportMessageSchema, { v: 1, ...ref }],
	['message of queue plans', resumeMessageSchema, { v: 1, ...ref }],
	['manifest', manifestSchema, { v: 1, ...ref, images: [image] }],
	['manifest of an archive', manifestSchema, { v: 1, ...ref, images: [stored, refused] }],
	['list of entries', entryListSchema, { v: 1, ...ref, parts: [[stored], [refused]] }],
	['outcome', outcomeSchema, outcome],
	['outcome of an entry', outcomeSchema, { ...outcome, entry: 'in/it.png' }],
	['facts', runFactsSchema, facts],
] as const;

/** Also read by releases other than the writer's: fields that those add are skipped (core/later-release.test.ts). */
const skipping: readonly unknown[] = [
	batchMessageSchema,
	reportMessageSchema,
	resumeMessageSchema,
	runFactsSchema,
	outcomeSchema,
];

describe.each(contracts)('a %s', (what, schema, valid) => {
	test('that is valid is accepted', () => {
		expect(parse<unknown>(schema, valid, what)).toEqual(valid);
	});

	test('that is spoilt in any one place is refused, and the error names it', () => {
		const all = spoil(valid, ['entry']);
		const spoilt = skipping.includes(schema) ? all.filter(({ what: how }) => how !== 'an unknown field') : all;
		expect(spoilt.length).toBeGreaterThan(20);
		for (const { what: how, value } of spoilt)
			expect(() => parse<unknown>(schema, value, what), how).toThrow(namedError(what));
	});

	test('that is not such JSON is refused, and the error names it', () => {
		for (const text of spoilText(JSON.stringify(valid)))
			expect(() => parseJson<unknown>(schema, text, what), text).toThrow(namedError(what));
	});
});

test('a model card that is spoilt in any one place is refused', async () => {
	const card = JSON.parse(await readFile(join(models, 'packages', 'cifar10-resnet', 'model.json'), 'utf8'));
	for (const { what, value } of spoil(card).filter((spoilt) => spoilt.what !== 'training = {}'))
		expect(() => parseCard(JSON.stringify(value)), what).toThrow(namedError('model.json'));
	const [last, ...others] = [...card.policies].reverse();
	const shuffled = { ...card, policies: [...others, last] };
	expect(() => parseCard(JSON.stringify(shuffled))).toThrow(/cheapest first/);
	const outside = {
		...card,
		policies: [{ ...card.policies[0], file: '../policy-00.onnx' }, ...card.policies.slice(1)],
	};
	expect(() => parseCard(JSON.stringify(outside))).toThrow(/plain file name/);
});

test('a nonsensical S3 event is refused or named, and never throws anything else', () => {
	const record = {
		eventSource: 'aws:s3',
		eventName: 'ObjectCreated:Put',
		s3: { bucket: { name: 'images' }, object: { key: 'acme/a.png', size: 1, eTag: 'e' } },
	};
	const keys = [
		'',
		'/',
		'acme',
		'acme/',
		'../x',
		'Acme/x',
		'a b/x',
		'%zz',
		'%00/x',
		`acme/${'x'.repeat(1100)}`,
		'日本/x',
		'acme%2F',
	];
	for (const key of keys) {
		const event = {
			Records: [{ ...record, s3: { ...record.s3, object: { ...record.s3.object, key, size: 5 } } }, record],
		};
		const { images, refusals, problems } = parseImageEvents(JSON.stringify(event), 'images');
		expect(
			images.map(({ image: found }) => found.key),
			key,
		).toEqual(['acme/a.png']);
		expect([...refusals, ...problems], key).toHaveLength(1);
	}
	for (const text of spoilText(JSON.stringify({ Records: [record] })))
		expect(() => parseImageEvents(text, 'images'), text).toThrow(namedError('image-events'));
	for (const value of [
		null,
		1,
		'x',
		[],
		{},
		{ eventName: 'ObjectCreated:Put' },
		{ ...record, s3: null },
		{ ...record, s3: { bucket: { name: 'other' }, object: { key: 'acme/x', eTag: 'e' } } },
	])
		expect(parseImageEvents(JSON.stringify({ Records: [value] }), 'images').problems).toHaveLength(1);
});

test('files that are not images, or are cut off anywhere, are refused one by one', async () => {
	const input = { name: 'pixels', width: 32, height: 32, colours: 'rgb', resize: 'fill' } as const;
	const picture = sharp({
		create: {
			width: 64,
			height: 64,
			channels: 3,
			background: '#808080',
			noise: { type: 'gaussian', mean: 128, sigma: 40 },
		},
	});
	const files: [string, Uint8Array][] = [];
	for (const format of ['png', 'jpeg', 'webp'] as const) {
		const whole = await picture.clone().toFormat(format).toBuffer();
		for (let part = 0; part < 12; part++)
			files.push([`${format} cut at ${part}/12`, whole.subarray(0, Math.floor((whole.length * part) / 12))]);
		const spoilt = Buffer.from(whole);
		spoilt.fill(0, 0, 16);
		files.push([`${format} without its head`, spoilt]);
	}
	for (const format of ['gif', 'tiff', 'avif'] as const)
		files.push([format, await picture.clone().toFormat(format).toBuffer()]);
	for (const text of [
		'',
		' ',
		'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
		'%PDF-1.7',
		'PK\u0003\u0004',
		'#!/bin/sh\nrm -rf /',
		'P6\n1 1\n255\nabc',
		'BM',
		'RIFF\u0000\u0000\u0000\u0000WEBP',
		'\u0089PNG\r\n\u001a\n',
	])
		files.push([text.slice(0, 10), Buffer.from(text, 'latin1')]);
	for (const [name, bytes] of files)
		await expect(decodeImage(bytes, input), name).rejects.toMatchObject({ code: 'invalid', reason: 'not-an-image' });
	expect(files.length).toBeGreaterThan(50);
});

describe('a system that gets all of this at once', () => {
	let cloud: Awaited<ReturnType<typeof startSmallCloud>>;
	beforeAll(async () => {
		cloud = await startSmallCloud();
		cloud.start('handlers');
		cloud.start('worker');
	});
	afterAll(() => cloud.close());

	test('goes on: the good image among the junk gets its label, and nothing else changes', async () => {
		await cloud.setLimit('good', 1_000_000);
		const junk = contracts.flatMap(([, , valid]) => [
			...spoil(valid).map(({ value }) => JSON.stringify(value)),
			...spoilText(JSON.stringify(valid)),
		]);
		const sendable = junk.filter((text) => text.length > 0 && !text.includes('\u0000') && !text.includes('\uFEFF'));
		const { imageEventsUrl, batchesUrl, reportsUrl, plansUrl } = cloud.resources;
		for (const [i, QueueUrl] of [imageEventsUrl, batchesUrl, reportsUrl, plansUrl].entries())
			for (const text of sendable.filter((_, n) => n % 4 === i).slice(0, 40))
				await cloud.clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: text }));
		await cloud.drop('good/cat.png');
		await expect
			.poll(() => cloud.outcomesOf('good'), { timeout: 50_000, interval: 100 })
			.toMatchObject([{ key: 'good/cat.png', status: 'labelled' }]);
		expect(await cloud.keysOf('acme')).toEqual([]);
		expect(await cloud.account('acme')).toBeUndefined();
	});
});

function namedError(what: string): BudgetNetError {
	return expect.objectContaining({ name: 'BudgetNetError', code: 'invalid', message: expect.stringContaining(what) });
}
