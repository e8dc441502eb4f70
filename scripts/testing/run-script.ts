import { execFile } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** What a script printed, and how it ended. */
export interface Ended {
	code: unknown;
	stdout: string;
	stderr: string;
}

/**
 * Runs scripts/NAME.ts in a process of its own, without the user's AWS settings.
 * @param given.settings the contents of cdk/settings.ts for it, in place of those that are there
 * @param given.environment takes precedence over the test's own
 */
export function runScript(
	name: string,
	args: readonly string[],
	given: { settings?: object; environment?: Record<string, string> } = {},
): Promise<Ended> {
	const hook = given.settings ? ['--import', settingsHook(given.settings)] : [];
	const own = Object.entries(process.env).filter(([variable]) => !variable.startsWith('AWS_'));
	const noAws = { AWS_CONFIG_FILE: 'none', AWS_SHARED_CREDENTIALS_FILE: 'none', AWS_EC2_METADATA_DISABLED: 'true' };
	const env = { ...Object.fromEntries(own), ...noAws, ...given.environment };
	const { promise, resolve } = Promise.withResolvers<Ended>();
	execFile(
		process.execPath,
		[...hook, join('scripts', `${name}.ts`), ...args],
		{ cwd: root, env },
		(error, ...said) => {
			const [stdout, stderr] = said;
			resolve({ code: error ? error.code : 0, stdout, stderr });
		},
	);
	return promise;
}

/** A module that makes Node load cdk/settings.ts with these settings: the file itself is the user's. */
function settingsHook(settings: object): string {
	const source = `export const settings = ${JSON.stringify(settings)}`;
	const hook = `import { registerHooks } from 'node:module';
		const loaded = { format: 'module', shortCircuit: true, source: ${JSON.stringify(source)} };
		registerHooks({ load: (url, of, next) => (url.endsWith('/cdk/settings.ts') ? loaded : next(url, of)) });`;
	return `data:text/javascript,${encodeURIComponent(hook)}`;
}
