import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { buildApp } from 'fauxqs';
import { assert } from '../../core/errors.ts';

/** What fauxqs keeps in memory: it accepts stores from outside, but does not export their classes. */
export type Stores = NonNullable<NonNullable<Parameters<typeof buildApp>[0]>['stores']>;
export type S3Store = Stores['s3Store'];
export type SqsStore = Stores['sqsStore'];

/**
 * Empty stores. Their holder sees what is in the bucket without a request, in the same tick as the handler that writes:
 * that makes conditional PUTs exact without locks. The version of fauxqs is pinned, because this reaches into its
 * internals.
 * @throws BudgetNetError `internal` when fauxqs no longer looks like the pinned version
 */
export async function createStores(): Promise<Stores> {
	const [s3Store, sqsStore, snsStore] = await Promise.all([
		newOf<S3Store>('s3/s3Store.js', 'S3Store', [
			'headObject',
			'hasBucket',
			'listObjects',
			'putObject',
			'completeMultipartUpload',
		]),
		newOf<SqsStore>('sqs/sqsStore.js', 'SqsStore', ['getQueueByName']),
		newOf<Stores['snsStore']>('sns/snsStore.js', 'SnsStore', []),
	]);
	return { s3Store, sqsStore, snsStore };
}

async function newOf<T>(file: string, name: string, methods: readonly (keyof T & string)[]): Promise<T> {
	const packageFile = findPackageJSON('fauxqs', import.meta.url);
	assert(packageFile !== undefined, 'fauxqs is not installed: run npm ci');
	const module = await import(/* @vite-ignore */ pathToFileURL(join(dirname(packageFile), 'dist', file)).href);
	assert(typeof module[name] === 'function', `fauxqs has no ${name}: the patch fits the pinned version only`);
	const store: T = new module[name]();
	for (const method of methods)
		assert(
			typeof store[method] === 'function',
			`fauxqs's ${name} has no ${method}: the patch fits the pinned version only`,
		);
	return store;
}
