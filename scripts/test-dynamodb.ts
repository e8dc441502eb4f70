/** `npm run test:dynamodb`: the contract suites of tables on DynamoDB Local, which Java runs and Maven downloads. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { startDynamoDbLocal } from '../functions/aws/testing/dynamodb-local/start.ts';
import { messageOf } from '../functions/core/errors.ts';

const root = join(import.meta.dirname, '..');
const suites = ['ledger-table', 'claim-table', 'batch-table', 'ledger-crash'].map(
	(name) => `functions/aws/${name}.test.ts`,
);
try {
	const local = await startDynamoDbLocal();
	const { status } = spawnSync(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...suites], {
		cwd: root,
		stdio: 'inherit',
		env: { ...process.env, DYNAMODB_TEST_ENDPOINT: local.endpoint },
	});
	await local.stop();
	process.exitCode = status ?? 1;
} catch (error) {
	process.stderr.write(`${messageOf(error)}\n`);
	process.exitCode = 1;
}
