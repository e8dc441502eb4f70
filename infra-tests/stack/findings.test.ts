import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appOf } from './synthesise.ts';

let folder: string;
beforeAll(async () => {
	process.env.CDK_VALIDATION = 'true';
	folder = await mkdtemp(join(tmpdir(), 'budgetnet-findings-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Report {
	pluginReports: {
		pluginName: string;
		violations: { ruleName: string; violatingConstructs: { constructPath: string }[] }[];
	}[];
}

async function findingsOf(given: Parameters<typeof appOf>[0], outdir: string): Promise<string[]> {
	const { app } = appOf(given, outdir);
	Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
	try {
		app.synth();
	} catch {
		// the findings are in the report
	}
	const report: Report = JSON.parse(await readFile(join(outdir, 'validation-report.json'), 'utf8'));
	expect(report.pluginReports.map(({ pluginName }) => pluginName)).toContain('AwsSolutions');
	return report.pluginReports.flatMap(({ pluginName, violations }) =>
		violations.map(
			({ ruleName, violatingConstructs }) =>
				`${pluginName} ${ruleName} ${violatingConstructs.map(({ constructPath }) => constructPath)}`,
		),
	);
}

test.each([
	['cpu', {}],
	['gpu', { workers: 'gpu' }],
	['gpu, private', { workers: 'gpu', privateNetwork: true }],
] as const)(
	'%s: neither cdk-nag (AwsSolutions) nor CloudFormation reports anything that is not acknowledged',
	async (name, given) => {
		expect(await findingsOf(given, join(folder, name))).toEqual([]);
	},
	200_000,
);

test('an unacknowledged finding is reported', async () => {
	const outdir = join(folder, 'unmeant');
	const { app, stack } = appOf({}, outdir);
	const { Bucket } = await import('aws-cdk-lib/aws-s3');
	new Bucket(stack, 'Unmeant');
	Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
	expect(() => app.synth()).toThrow();
	const text = await readFile(join(outdir, 'validation-report.json'), 'utf8');
	expect(text).toContain('budgetnet/Unmeant/Resource');
	expect(text).toContain('AwsSolutions-S1');
}, 200_000);
