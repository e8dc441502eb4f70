import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startLocalStack } from '../../functions/local/localstack/server.ts';
import { untilGone } from '../../functions/local/localstack/traces.ts';

const folder = process.env.LOCALSTACK_FOLDER ?? join(import.meta.dirname, '..', '..', '.localstack');

/** One LocalStack for the contract suites; after the last of them its process must be gone and its port closed. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
	const { endpoint, pid, stop } = await startLocalStack(folder);
	project.provide('localStackEndpoint', endpoint);
	return async () => {
		await stop();
		await untilGone({ pids: [pid], endpoints: [endpoint] });
	};
}
