/**
 * `npm run test:localstack`: vitest.localstack.config.ts, if LocalStack can run; otherwise a line that says what is
 * missing.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findWay } from '../functions/local/localstack/ways.ts';

const root = join(import.meta.dirname, '..');
if (await findWay()) {
	const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
	const config = join(root, 'vitest.localstack.config.ts');
	const args = [vitest, 'run', '--config', config, ...process.argv.slice(2)];
	process.exitCode = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
} else process.stdout.write('LocalStack: skipped, because it needs a Docker engine that answers, or Python 3.13.\n');
