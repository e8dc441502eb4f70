/** `npm run synth`, `npm run deploy`: the CDK's command line, as pinned, over cdk.json. Arguments go to it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const cdk = join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk');
const env = { ...process.env, CDK_DISABLE_CLI_TELEMETRY: 'true' };
const { status } = spawnSync(process.execPath, [cdk, '--no-notices', ...process.argv.slice(2)], {
	cwd: root,
	stdio: 'inherit',
	env,
});
process.exitCode = status ?? 1;
