import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { batchIdOf } from '../core/testing/ledger-model.ts';
import type { Clients } from './clients.ts';
import { headImage } from './image-head.ts';
import { listImages } from './image-list.ts';
import { keepMeasured } from './keep-measured.ts';
import { createQueue } from './queue.ts';
import { createStores } from './stores.ts';
import { startAnswering } from './testing/start-answering.ts';

const ref = { tenant: 'acme', batchId: batchIdOf(1) };
const closing = { tenant: 'acme', marker: 'acme/_complete', closedMs: 1 };
const image = { key: 'acme/a.png', etag: 'e1', bytes: 1 };
const stores = (clients: Clients) => createStores(clients, { resultsBucket: 'results', tablePrefix: 'test' });

/** One call to every store that a program uses: all of them must fail in the same way when AWS refuses. */
const calls: [name: string, call: (clients: Clients) => Promise<unknown>][] = [
	['head of an image', ({ s3 }) => headImage(s3, 'images', image.key)],
	['list of images', ({ s3 }) => listImages(s3, 'images', {})],
	['facts of outcomes', (clients) => stores(clients).outcomes.facts(ref)],
	['outcomes', (clients) => stores(clients).outcomes.read(ref)],
	['list of outcomes', (clients) => stores(clients).outcomes.list('acme')],
	['manifest', (clients) => stores(clients).manifests.get(ref)],
	['candidates', (clients) => stores(clients).manifests.getCandidates(ref)],
	['putting candidates', (clients) => stores(clients).manifests.putCandidates(ref, [image])],
	['tenants with open drops', (clients) => stores(clients).drops.tenants()],
	['open drop', (clients) => stores(clients).drops.openOf('acme/_complete')],
	['closing a drop', (clients) => stores(clients).drops.open(closing)],
	['end of an open drop', (clients) => stores(clients).drops.remove(closing)],
	['record of a drop', (clients) => stores(clients).drops.getRecord(closing.marker)],
	['claim', (clients) => stores(clients).claims.claim(image, ref.batchId)],
	['owner of a claim', (clients) => stores(clients).claims.ownerOf({ key: image.key, version: 'e1' })],
	['owners of claims', (clients) => stores(clients).claims.ownersOf([{ key: image.key, version: 'e1' }])],
	['batch', (clients) => stores(clients).batches.get(ref.batchId)],
	['state of a batch', (clients) => stores(clients).batches.setState(ref.batchId, 'void')],
	['deferred batches', (clients) => stores(clients).batches.deferred('acme', 1)],
	['account', (clients) => stores(clients).ledger.getAccount('acme', '2026-11')],
	['quota', (clients) => stores(clients).ledger.getQuota('acme')],
	['message', ({ sqs }) => createQueue(sqs, 'http://queue/1/letters', z.string(), 'letters').send('x')],
	['attributes of a queue', ({ sqs }) => keepMeasured(sqs, 'http://queue/1/letters')],
];

/** An error as each service writes it: XML from S3, JSON from the others. */
const refuse = (status: number, code: string) => (response: ServerResponse) => {
	const type = response.req.headers['x-amz-target'] ? 'application/x-amz-json-1.0' : 'application/xml';
	const body = type === 'application/xml' ? `<Error><Code>${code}</Code></Error>` : JSON.stringify({ __type: code });
	response.writeHead(status, { 'content-type': type }).end(body);
};
const troubles: [name: string, answer: (response: ServerResponse) => void, message: RegExp][] = [
	['access denied, with 403', refuse(403, 'AccessDenied'), /access denied: grant it .*s3:ListBucket/],
	['throttling', refuse(503, 'SlowDown'), /./],
	['too many writes', refuse(400, 'ProvisionedThroughputExceededException'), /./],
	['a broken connection', (response) => response.destroy(), /./],
	['half an answer', (response) => response.write('{', () => response.destroy()), /./],
];

describe.each(troubles)('%s is not an answer', (_, answer, message) => {
	test.each(calls)('%s: unavailable, so that it is retried', async (_name, call) => {
		await using answering = await startAnswering((_request, response) => answer(response));
		const { s3, sqs, dynamodb } = answering;
		await expect(call({ s3, sqs, dynamodb })).rejects.toMatchObject({
			name: 'BudgetNetError',
			code: 'unavailable',
			message: expect.stringMatching(message),
		});
	});
});

test.each([
	['NoSuchBucket', 404, (clients: Clients) => stores(clients).outcomes.list('acme')],
	['ResourceNotFoundException', 400, (clients: Clients) => stores(clients).ledger.getQuota('acme')],
])('%s: the error for a missing system says how to find the right one', async (code, status, call) => {
	await using answering = await startAnswering((_request, response) => refuse(status, code)(response));
	await expect(call(answering)).rejects.toThrow(/right account, region and system \(--stack/);
});

test.each([
	['ExpiredToken', 400, (clients: Clients) => listImages(clients.s3, 'images', {})],
	['SignatureDoesNotMatch', 403, (clients: Clients) => listImages(clients.s3, 'images', {})],
	['ExpiredTokenException', 400, (clients: Clients) => stores(clients).ledger.getQuota('acme')],
	['UnrecognizedClientException', 400, (clients: Clients) => stores(clients).ledger.getQuota('acme')],
])('%s: the error speaks of credentials or the clock, not of a missing grant', async (code, status, call) => {
	await using answering = await startAnswering((_request, response) => refuse(status, code)(response));
	await expect(call(answering)).rejects.toThrow(`unusable credentials`);
});

test('the error for an address where nothing listens any more, such as that of a stopped local cloud, says what to check', async () => {
	const ended = await startAnswering(() => undefined);
	await ended[Symbol.asyncDispose]();
	await expect(stores(ended).ledger.getQuota('acme')).rejects.toThrow(
		/table .*: nothing listens there: is the local cloud/,
	);
	await expect(headImage(ended.s3, 'images', image.key)).rejects.toThrow(/nothing listens there/);
});

test('an answer without a code is described by its status, and one that cannot be read on one line', async () => {
	await using proxy = await startAnswering((_, response) => {
		response.writeHead(502, { 'content-type': 'text/html' }).end('<html>\n<body>Bad gateway</body></html>');
	});
	await expect(headImage(proxy.s3, 'images', image.key)).rejects.toThrow(/: HTTP status 502, and nothing else$/);
	await expect(stores(proxy).ledger.getQuota('acme')).rejects.toThrow(/^table .*$/);
});

test('the error for access denied as DynamoDB says it names what to do, too', async () => {
	await using answering = await startAnswering((_, response) => refuse(400, 'AccessDeniedException')(response));
	await expect(stores(answering).claims.claim(image, ref.batchId)).rejects.toThrow(/table test-claims: access denied/);
});
