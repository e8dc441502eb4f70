import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { settingLines } from './setting-lines.ts';

const settings = { AWS_PROFILE: undefined, AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' };

test.skipIf(process.platform === 'win32')('a shell that runs the lines has exactly these variables', () => {
	const script = `${settingLines(settings, 'linux')}\necho "[$AWS_PROFILE] $AWS_REGION $AWS_ENDPOINT_URL_S3"`;
	const said = execFileSync('sh', ['-c', script], { env: { ...process.env, AWS_PROFILE: 'work' }, encoding: 'utf8' });
	expect(said).toBe('[] us-east-1 http://127.0.0.1:1\n');
});

test('PowerShell gets its own syntax', () => {
	expect(settingLines(settings, 'win32').split('\n')).toEqual([
		'  Remove-Item env:AWS_PROFILE -ErrorAction Ignore',
		"  $env:AWS_REGION = 'us-east-1'",
		"  $env:AWS_ENDPOINT_URL_S3 = 'http://127.0.0.1:1'",
	]);
});
