/**
 * `npm run synth`, `npm run deploy`: the CDK's command line, in its pinned version, with cdk.json. Takes its arguments.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { settings as given } from '../cdk/settings.ts';
import { defineSettings } from '../cdk/settings-schema.ts';
import { packageFolder } from '../functions/cli/packages.ts';
import { BudgetNetError } from '../functions/core/errors.ts';
import { checkPackage } from '../functions/onnx/check-package.ts';
import { loadPackage } from '../functions/onnx/package-files.ts';
import { told } from './told.ts';

const root = join(import.meta.dirname, '..');
const args = process.argv.slice(2);
const command = args[0] ?? '';

await told(command, async () => {
	const settings = defineSettings(given, workersIn(args));
	// Otherwise a package that workers refuse would be noticed only when none of them starts, while planners keep
	// reserving.
	if (['synth', 'deploy'].includes(command))
		await checkPackage(await loadPackage(await packageFolder(settings.modelPackage)));
	const cdk = join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk');
	const env = { ...process.env, CDK_DISABLE_CLI_TELEMETRY: 'true' };
	const { status } = spawnSync(process.execPath, [cdk, '--no-notices', ...args], { cwd: root, stdio: 'inherit', env });
	process.exitCode = status ?? 1;
});

/**
 * The value of `-c workers=…`; the last one if there are several, as in the CDK.
 * @throws BudgetNetError `invalid` for another key, unless it may be the CDK's own: nothing would read it, or say so
 */
function workersIn(args: string[]): string | undefined {
	const options = { context: { type: 'string', short: 'c', multiple: true } } as const;
	const { context = [] } = parseArgs({ args, options, strict: false }).values;
	let workers: string | undefined;
	for (const assignment of context.filter((value) => typeof value === 'string')) {
		const [key = '', ...value] = assignment.split('=');
		if (key === 'workers') workers = value.join('=');
		else if (!/^(@aws-cdk|aws)/.test(key)) {
			const expected = '-c workers=cpu or -c workers=gpu; any other setting belongs in cdk/settings.ts';
			throw new BudgetNetError('invalid', `-c ${assignment}: no such key: expected ${expected}`);
		}
	}
	return workers;
}
