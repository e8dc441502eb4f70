import { expect, test } from 'vitest';
import { startAnswering } from '../functions/aws/testing/start-answering.ts';
import { runScript } from './testing/run-script.ts';

const region = { AWS_REGION: 'eu-central-1' };
const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

test.each([
	['no region', credentials, /^preflight: .*set AWS_REGION/],
	['no credentials', region, /^preflight: .*credentials: they are missing/],
	['an address that is none', { ...region, ...credentials, AWS_ENDPOINT_URL: 'here' }, /AWS_ENDPOINT_URL_.*like http/],
])('%s is said once, with what to do', async (_, environment, message) => {
	const { code, stdout, stderr } = await runScript('preflight', [], { environment });
	expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
	expect(stderr).toMatch(/^[^\n]*\n$/);
	expect(stderr).toMatch(message);
});

test.each([
	['AccessDenied', 4, /access denied: grant it/],
	['ExpiredToken', 1, /unusable credentials/],
])('%s: whoever may not ask one thing is told of each, whoever may ask nothing once', async (name, times, message) => {
	await using answering = await startAnswering((_request, response) => {
		const type = response.req.headers['x-amz-target'] ? 'application/x-amz-json-1.1' : 'text/xml';
		const xml = `<ErrorResponse><Error><Code>${name}</Code></Error></ErrorResponse>`;
		response.writeHead(403, { 'content-type': type }).end(type === 'text/xml' ? xml : JSON.stringify({ __type: name }));
	});
	const { port } = (await answering.s3.config.endpoint?.()) ?? {};
	const environment = { ...region, ...credentials, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` };
	const { code, stderr } = await runScript('preflight', [], { environment });
	const lines = stderr.trimEnd().split('\n');
	expect(code).toBe(2);
	expect(lines.filter((line) => message.test(line))).toHaveLength(times);
	expect(lines).toHaveLength(times);
});
