import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { type BatchRef, batchIdSchema } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import { awsCall } from './aws-call.ts';

/** Pages of 1,000 keys each. */
const listPagesMax = 100;

/** A tenant's batches that have outcomes, the oldest first. @throws BudgetNetError `invalid` when there are too many */
export async function listOutcomes(s3: S3Client, bucket: string, tenant: string): Promise<BatchRef[]> {
	const prefix = `outcomes/tenant=${tenant}/`;
	const refs: BatchRef[] = [];
	let token: string | undefined;
	for (let page = 0; page < listPagesMax; page++) {
		const list = new ListObjectsV2Command({
			...{ Bucket: bucket, Prefix: prefix },
			...(token === undefined ? {} : { ContinuationToken: token }),
		});
		const { Contents = [], NextContinuationToken } = await awsCall(`bucket ${bucket}`, () => s3.send(list));
		for (const { Key = '' } of Contents) {
			const batchId = batchIdSchema.safeParse(/([^/]+)\.jsonl$/.exec(Key)?.[1]);
			if (batchId.success) refs.push({ tenant, batchId: batchId.data });
		}
		if (NextContinuationToken === undefined) return refs;
		token = NextContinuationToken;
	}
	throw new BudgetNetError('invalid', `${prefix} has more than ${refs.length} outcomes: too many to list at once`);
}
