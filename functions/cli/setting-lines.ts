/**
 * Lines for a terminal on `platform` that set these variables, and unset those that are undefined: for PowerShell on
 * Windows, for a POSIX shell elsewhere.
 */
export function settingLines(settings: Record<string, string | undefined>, platform: NodeJS.Platform): string {
	const entries = Object.entries(settings);
	const unset = entries.filter(([, value]) => value === undefined).map(([name]) => name);
	const set = entries.filter(([, value]) => value !== undefined);
	const lines =
		platform === 'win32'
			? [
					`Remove-Item ${unset.map((name) => `env:${name}`).join(', ')} -ErrorAction Ignore`,
					...set.map(([name, value]) => `$env:${name} = '${value}'`),
				]
			: [`unset ${unset.join(' ')}`, ...set.map(([name, value]) => `export ${name}=${value}`)];
	return lines.map((line) => `  ${line}`).join('\n');
}
