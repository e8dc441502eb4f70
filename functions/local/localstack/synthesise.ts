import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BudgetNetError } from '../../core/errors.ts';

const timeoutMs = 180_000;
const root = join(import.meta.dirname, '..', '..', '..');

/**
 * Synthesises the stack with the settings as they are, except for what `context` overrides, and without the functions'
 * code.
 * @returns the template, as JSON
 * @throws BudgetNetError `invalid` for settings that do not fit
 */
export async function synthesiseTemplate(context: Record<string, string> = {}): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), 'budgetnet-synth-'));
	const env = {
		...process.env,
		CDK_OUTDIR: folder,
		CDK_CONTEXT_JSON: JSON.stringify({ ...context, 'aws:cdk:bundling-stacks': [] }),
		CDK_VALIDATION: 'false',
	};
	try {
		await promisify(execFile)(process.execPath, [join(root, 'cdk', 'app.ts')], { cwd: root, env, timeout: timeoutMs });
		const [template] = (await readdir(folder)).filter((name) => name.endsWith('.template.json'));
		if (!template) throw new BudgetNetError('internal', `cdk/app.ts wrote no template into ${folder}`);
		return await readFile(join(folder, template), 'utf8');
	} catch (error) {
		const { code, stderr } = error as { code?: unknown; stderr?: string };
		// cdk/app.ts said in a line what is wrong
		if (code === 2 && stderr) throw new BudgetNetError('invalid', stderr.trim(), { cause: error });
		throw error;
	} finally {
		await rm(folder, { recursive: true, force: true }); // the worker's build context lies there too
	}
}
