import { join } from 'node:path';
import { startLocalStack } from '../../functions/local/localstack/server.ts';
import { untilGone } from '../../functions/local/localstack/traces.ts';


const folder = process.env.LOCALSTACK_FOLDER ?? join(import.meta.dirname, '..', '..', '.localstack');

/** One LocalStack for all files; after the last of them its process must be gone and its port closed. */
	const { endpoint, pid, stop } = await startLocalStack(folder);
	process.env.LOCALSTACK_ENDPOINT = endpoint;
	return async () => {
		await stop();
		await untilGone({ pids: [pid], endpoints: [endpoint] });
	};
}
