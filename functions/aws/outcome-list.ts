import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { type BatchRef, batchDate, batchIdSchema } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { awsCall } from './aws-call.ts';

/** What outcomes.ts says of `list`. */
export async function listOutcomes(
	s3: S3Client,
	bucket: string,
	tenant: string,
	since?: string,
	until?: string,
): Promise<BatchRef[]> {
	const prefix = `outcomes/tenant=${tenant}/`;
	const refs: BatchRef[] = [];
	// No key ends with its day, so none of that day is left out.
	let after = since === undefined ? undefined : `${prefix}date=${since}`;
	do {
		const page = await listKeys(s3, bucket, prefix, after);
		for (const key of page.keys) {
			const batchId = batchIdSchema.safeParse(/([^/]+)\.jsonl$/.exec(key)?.[1]);
			if (!batchId.success) continue;
			if (until !== undefined && batchDate(batchId.data) > until) return refs; // keys are in the order of days
			refs.push({ tenant, batchId: batchId.data });
		}
		if (refs.length > limits.outcomesListedMax) throw tooMany(prefix, refs);
		after = page.next;
	} while (after !== undefined);
	return refs;
}

/** One page of keys, and what to give to the next call, if there is one. */
async function listKeys(
	s3: S3Client,
	bucket: string,
	prefix: string,
	after: string | undefined,
): Promise<{ keys: string[]; next: string | undefined }> {
	const list = new ListObjectsV2Command({
		Bucket: bucket,
		Prefix: prefix,
		...(after === undefined ? {} : { StartAfter: after }),
	});
	const { Contents = [], IsTruncated } = await awsCall(`bucket ${bucket}`, () => s3.send(list));
	const keys = Contents.map(({ Key = '' }) => Key);
	return { keys, next: IsTruncated ? keys.at(-1) : undefined };
}

function tooMany(prefix: string, refs: readonly BatchRef[]): BudgetNetError {
	const lastDay = batchDate(refs.at(-1)?.batchId ?? '');
	return new BudgetNetError(
		'invalid',
		`${prefix} has more than ${limits.outcomesListedMax} outcomes up to ${lastDay}: expected at most so many at once; ask for those of fewer days (--since, --until)`,
	);
}
