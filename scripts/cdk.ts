/** `npm run synth`, `npm run deploy`: the CDK's command line, as pinned, over cdk.json. Arguments go to it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { settings } from '../cdk/settings.ts';
import { packageFolder } from '../functions/cli/packages.ts';
import { checkPackage } from '../functions/onnx/check-package.ts';
import { loadPackage } from '../functions/onnx/package-files.ts';
import { told } from './told.ts';

const root = join(import.meta.dirname, '..');
const args = process.argv.slice(2);
const command = args[0] ?? '';

await told(command, async () => {
	// Else a package that workers refuse is found out when none of them starts, and planners go on reserving.
	if (['synth', 'deploy'].includes(command))
		await checkPackage(await loadPackage(await packageFolder(settings.modelPackage)));
	const cdk = join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk');
	const env = { ...process.env, CDK_DISABLE_CLI_TELEMETRY: 'true' };
	const { status } = spawnSync(process.execPath, [cdk, '--no-notices', ...args], { cwd: root, stdio: 'inherit', env });
	process.exitCode = status ?? 1;
});
