import type { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { mintBatchId, objectKeys } from '../core/batch.ts';
import { type Bucket, openBucket } from './bucket.ts';
import { listOutcomes, outcomesListedMax } from './outcome-list.ts';

const dayMs = 24 * 3600 * 1000;
const firstMs = Date.UTC(2026, 0, 1);
const pageKeys = 1000;

/** A bucket of so many outcomes, a thousand a day. */
function bucketOf(outcomes: number): Bucket {
	const keys = Array.from({ length: outcomes }, (_, i) => {
		const batchId = mintBatchId(firstMs + Math.floor(i / 1000) * dayMs + (i % 1000), '00000000');
		return objectKeys.outcomes({ tenant: 'acme', batchId });
	});
	const send = async ({ input: { StartAfter = '' } }: ListObjectsV2Command) => {
		const first = keys.findIndex((key) => key > StartAfter);
		const page = first < 0 ? [] : keys.slice(first, first + pageKeys);
		return { Contents: page.map((Key) => ({ Key })), IsTruncated: first >= 0 && first + pageKeys < keys.length };
	};
	return openBucket({ send } as unknown as S3Client, 'results');
}

test('lists as many outcomes as one listing may hold; for one more the error says what to do, and that helps', async () => {
	const max = outcomesListedMax;
	expect(await listOutcomes(bucketOf(max), 'acme')).toHaveLength(max);
	const tooMany = bucketOf(max + 1);
	await expect(listOutcomes(tooMany, 'acme')).rejects.toMatchObject({
		code: 'invalid',
		message: expect.stringMatching(new RegExp(`more than ${max} .*2026-04-11.* of fewer days`)),
	});
	expect(await listOutcomes(tooMany, 'acme', '2026-04-11')).toHaveLength(1);
	expect(await listOutcomes(tooMany, 'acme', '2026-01-02')).toHaveLength(max + 1 - 1000);
});
