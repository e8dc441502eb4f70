import { readFile } from 'node:fs/promises';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { limits } from '../../functions/core/limits.ts';
import { kinds, type Templates } from './templates.ts';

/** What must hold for the Lambda functions. */
export function functionRules(templates: Templates): void {
	describe.each(kinds)('functions, with %s workers', (kind) => {
		test('run on Node 24 on arm64, and end well before a planner counts as dead', () => {
			const functions = Object.values(templates[kind].findResources('AWS::Lambda::Function'));
			expect(functions.map(({ Properties }) => Properties.FunctionName).sort()).toEqual(
				['dead-letter-settler', 'lost-events', 'planner', 'resumer', 'settler', 'sweeper'].map(
					(name) => `budgetnet-${name}`,
				),
			);
			for (const { Properties } of functions) {
				expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
				expect(Properties.Timeout).toBeLessThan(limits.planningSecondsMax);
			}
		});

		test('answer for each message separately, at a bounded concurrency; the planner waits for a whole drop, as long as the settings say', () => {
			templates[kind].resourceCountIs('AWS::Lambda::EventSourceMapping', 4);
			templates[kind].allResourcesProperties('AWS::Lambda::EventSourceMapping', {
				FunctionResponseTypes: ['ReportBatchItemFailures'],
				ScalingConfig: { MaximumConcurrency: 10 },
			});
			templates[kind].hasResourceProperties('AWS::Lambda::EventSourceMapping', {
				BatchSize: 5000,
				MaximumBatchingWindowInSeconds: 20,
			});
			templates.private.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
				BatchSize: 5000,
				MaximumBatchingWindowInSeconds: 300,
			});
		});

		test('the resumer opens one archive at a time, with memory for the largest list of entries', () => {
			templates[kind].hasResourceProperties('AWS::Lambda::EventSourceMapping', {
				BatchSize: 1,
				FunctionName: { Ref: Match.stringLikeRegexp('Resumer') },
			});
			templates[kind].hasResourceProperties('AWS::Lambda::Function', {
				FunctionName: 'budgetnet-resumer',
				MemorySize: 1769,
			});
		});

		test('only the resumer may go on by messages to itself: AWS stops any other function that does after sixteen', () => {
			const functions = Object.values(templates[kind].findResources('AWS::Lambda::Function'));
			const allowed = functions.filter(({ Properties }) => Properties.RecursiveLoop === 'Allow');
			expect(allowed.map(({ Properties }) => Properties.FunctionName)).toEqual(['budgetnet-resumer']);
		});

		test('a message is invisible six times as long as its function may run', () => {
			const queues = Object.values(templates[kind].findResources('AWS::SQS::Queue'));
			const visibilityOf = (name: string) =>
				queues.find(({ Properties }) => Properties.QueueName === `budgetnet-${name}`)?.Properties.VisibilityTimeout;
			const [{ Properties }] = Object.values(templates[kind].findResources('AWS::Lambda::Function')) as [
				{ Properties: { Timeout: number } },
			];
			for (const queue of ['image-events', 'plans', 'reports', 'batches-dead'])
				expect(visibilityOf(queue)).toBeGreaterThanOrEqual(6 * Properties.Timeout);
			expect(visibilityOf('batches')).toBe(limits.visibilitySeconds);
		});

		test('the outputs give the command line what the planner was given: model, workers, price, largest batch', async () => {
			const [environment] = Object.values(
				templates[kind].findResources('AWS::Lambda::Function', { Properties: { FunctionName: 'budgetnet-planner' } }),
			).map(({ Properties }) => Properties.Environment.Variables);
			expect(environment.WORKER_KIND).toBe(kind);
			for (const [output, variable] of [
				['WorkerKind', 'WORKER_KIND'],
				['Price', 'PRICE'],
				['BatchImagesMax', 'BATCH_IMAGES_MAX'],
			] as const)
				templates[kind].hasOutput(output, { Value: environment[variable] });
			templates[kind].hasOutput('ModelPackage', { Value: 'cifar10-resnet' });
			const { digest } = JSON.parse(await readFile('models/packages/cifar10-resnet/model.json', 'utf8'));
			templates[kind].hasOutput('ModelDigest', { Value: digest });
		});

		test('stuck batches are searched for every five minutes; lost events, whose search costs requests, four times a day', () => {
			templates[kind].hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(5 minutes)' });
			templates[kind].hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(6 hours)' });
		});
	});

	test('a failed sweep is not retried, because the next comes within minutes; the search for lost events is', () => {
		const sweeper = { Properties: { FunctionName: 'budgetnet-sweeper' } };
		const [id] = Object.keys(templates.cpu.findResources('AWS::Lambda::Function', sweeper));
		templates.cpu.allResourcesProperties('AWS::Lambda::EventInvokeConfig', {
			FunctionName: { Ref: id },
			MaximumRetryAttempts: 0,
		});
		templates.cpu.resourceCountIs('AWS::Lambda::EventInvokeConfig', 1);
	});
}
