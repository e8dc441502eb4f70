import { expect, test } from 'vitest';
import { runScript } from './testing/run-script.ts';

const mistaken = { workers: 'tpu', colour: 'blue' };
const problems = /cdk\/settings\.ts \(allowed settings: settings-schema\.ts\) .*workers: .*"cpu"\|"gpu".*"colour"/;
const misspelt = { modelPackage: 'cifar10-resent' };
const noModel = /model "cifar10-resent" is not there: expected one of .*cifar10-resnet/;

test.each([
	['cost', 'cost', [], mistaken, problems],
	['cost', 'cost', [], misspelt, noModel],
	['preflight', 'preflight', [], mistaken, problems],
	['synth', 'cdk', ['synth', '--quiet'], mistaken, problems],
	['synth', 'cdk', ['synth', '--quiet'], misspelt, noModel],
	['deploy', 'cdk', ['deploy'], mistaken, problems],
])(
	'%s (%s.ts %j) says in one line what is wrong with settings %j',
	async (command, script, args, settings, message) => {
		const { code, stdout, stderr } = await runScript(script, args, { settings });
		expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
		expect(stderr).toMatch(new RegExp(`^${command}: ${message.source}[^\\n]*\\n$`));
	},
);

test.each([
	[['-c', 'workers=tpu'], '-c workers=tpu is invalid: expected one of "cpu"|"gpu"'],
	[['--context=workers'], '-c workers= is invalid: expected one of "cpu"|"gpu"'],
	[['-c', 'workers=gpu', '-c', 'worker=gpu'], '-c worker=gpu: no such key: expected -c workers=cpu or'],
])('synth %j blames the command line, not the settings', async (args, message) => {
	const { code, stdout, stderr } = await runScript('cdk', ['synth', ...args]);
	expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
	expect(stderr).toMatch(/^[^\n]*\n$/);
	expect(stderr).toContain(`synth: ${message}`);
});

test("what the command line says of workers goes before the settings, and the CDK's own keys reach the CDK", async () => {
	const args = ['--version', '-c', 'workers=gpu', '-c', '@aws-cdk/core:some=true'];
	const { code, stdout, stderr } = await runScript('cdk', args, { settings: { workers: 'tpu' } });
	expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
	expect(stdout).toMatch(/^\d+\.\d+\.\d+ /);
});
