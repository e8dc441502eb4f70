import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { tableDefinitions } from '../../functions/aws/tables.ts';
import { limits } from '../../functions/core/limits.ts';
import { readSettings } from '../../functions/worker/settings.ts';
import { appOf, synthesise, synthTimeoutMs } from './synthesise.ts';

const daySeconds = 24 * 3600;
const templates = {} as Record<'cpu' | 'gpu' | 'private', Template>;
beforeAll(() => {
	templates.cpu = synthesise({});
	templates.gpu = synthesise({ workers: 'gpu', alarmEmail: 'ops@example.org' });
	templates.private = synthesise({
		workers: 'gpu',
		privateNetwork: true,
		windowSeconds: 300,
		retentionDays: 3650,
		imageRetentionDays: 130,
	});
}, synthTimeoutMs);
const both = ['cpu', 'gpu'] as const;

test('images may be kept for a shorter time than results, as where they are private and bills are needed', () => {
	const kept = (prefix: string) => {
		const named = { Properties: { BucketName: Match.objectLike({ 'Fn::Join': ['', Match.arrayWith([prefix])] }) } };
		const [bucket] = Object.values(templates.private.findResources('AWS::S3::Bucket', named));
		return bucket?.Properties.LifecycleConfiguration.Rules[0].ExpirationInDays;
	};
	expect([kept('budgetnet-images-'), kept('budgetnet-results-')]).toEqual([130, 3650]);
});

describe.each(both)('data, with %s workers', (kind) => {
	test('both buckets are encrypted under keys that workers can use, private, versioned, kept but by a first deployment that fails, and outlive period and deferral', () => {
		templates[kind].resourceCountIs('AWS::S3::Bucket', 2);
		templates[kind].allResources('AWS::S3::Bucket', {
			DeletionPolicy: 'RetainExceptOnCreate',
			UpdateReplacePolicy: 'Retain',
			Properties: Match.objectLike({
				BucketEncryption: {
					ServerSideEncryptionConfiguration: [
						{
							ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' },
							BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] },
						},
					],
				},
				VersioningConfiguration: { Status: 'Enabled' },
				PublicAccessBlockConfiguration: {
					BlockPublicAcls: true,
					BlockPublicPolicy: true,
					IgnorePublicAcls: true,
					RestrictPublicBuckets: true,
				},
			}),
		});
		for (const { Properties } of Object.values(templates[kind].findResources('AWS::S3::Bucket'))) {
			const [expire, forgetNames, ...more] = Properties.LifecycleConfiguration.Rules;
			expect(expire.ExpirationInDays).toBeGreaterThan(31 + limits.deferralDaysMax);
			// The marker that an expired key leaves, in a rule of its own, or S3 refuses both.
			expect([forgetNames, more]).toEqual([
				{ Id: 'forget-names', Status: 'Enabled', ExpiredObjectDeleteMarker: true },
				[],
			]);
		}
	});

	test('an image that was overwritten or deleted stays while its event waits, its batch for money, and that for a worker', () => {
		const kept = Object.values(templates[kind].findResources('AWS::S3::Bucket')).map(
			({ Properties }) => Properties.LifecycleConfiguration.Rules[0].NoncurrentVersionExpiration.NoncurrentDays,
		);
		const queueDays = limits.batchRetentionSeconds / daySeconds;
		expect(Math.max(...kept)).toBeGreaterThan(queueDays + limits.deferralDaysMax + queueDays);
	});

	test('images are told of through S3 itself, without a function that CDK would add', () => {
		templates[kind].hasResourceProperties('AWS::S3::Bucket', {
			NotificationConfiguration: { QueueConfigurations: [Match.objectLike({ Event: 's3:ObjectCreated:*' })] },
		});
		expect(Object.keys(templates[kind].findResources('Custom::S3BucketNotifications'))).toEqual([]);
	});

	test('a drop that is done and the outcomes of a batch are told of by S3 itself, each to a topic, and nothing else of the results is', () => {
		const speaksOf = (folder: string) => {
			const named = { Properties: { TopicName: `budgetnet-${folder}` } };
			const [Ref = ''] = Object.keys(templates[kind].findResources('AWS::SNS::Topic', named));
			const Filter = { S3Key: { Rules: [{ Name: 'prefix', Value: `${folder}/` }] } };
			return { Event: 's3:ObjectCreated:*', Topic: { Ref }, Filter };
		};
		templates[kind].hasResourceProperties('AWS::S3::Bucket', {
			NotificationConfiguration: { TopicConfigurations: [speaksOf('drops'), speaksOf('outcomes')] },
		});
		for (const output of ['DropsTopicArn', 'OutcomesTopicArn']) templates[kind].hasOutput(output, {});
	});

	test('a queue keeps its dead letters longer than its messages, and is encrypted so that S3 may send', () => {
		const queues = templates[kind].findResources('AWS::SQS::Queue');
		const sources = Object.values(queues).filter(({ Properties }) => Properties.RedrivePolicy);
		expect(sources.map(({ Properties }) => Properties.QueueName).sort()).toEqual(
			['batches', 'image-events', 'plans', 'reports'].map((name) => `budgetnet-${name}`),
		);
		for (const { Properties } of sources) {
			const dead = queues[Properties.RedrivePolicy.deadLetterTargetArn['Fn::GetAtt'][0]]?.Properties;
			expect(dead.QueueName).toBe(`${Properties.QueueName}-dead`);
			expect(dead.MessageRetentionPeriod).toBeGreaterThan(Properties.MessageRetentionPeriod);
		}
		templates[kind].allResourcesProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true });
	});

	test('the tables are those of the emulators, with point-in-time recovery and deletion protection', () => {
		for (const definition of tableDefinitions('budgetnet')) {
			const { TableName, KeySchema, AttributeDefinitions, BillingMode } = definition;
			templates[kind].hasResource('AWS::DynamoDB::Table', {
				DeletionPolicy: 'Retain',
				Properties: Match.objectLike({
					TableName,
					KeySchema,
					AttributeDefinitions,
					BillingMode,
					PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
					DeletionProtectionEnabled: true,
				}),
			});
		}
		templates[kind].resourceCountIs('AWS::DynamoDB::Table', 3);
	});
});

describe.each(both)('functions, with %s workers', (kind) => {
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

	test('answer for each message alone, at a bounded concurrency; the planner waits for a whole drop, as long as the settings say', () => {
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

	test('the resumer alone may go on by messages to itself: AWS stops whoever does after sixteen', () => {
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

	test('the outputs tell the command line what the planner was told: model, workers, price, largest batch', async () => {
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

	test('stuck batches are looked for every five minutes, lost events, which costs requests, four times a day', () => {
		templates[kind].hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(5 minutes)' });
		templates[kind].hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(6 hours)' });
	});
});

describe.each(both)('workers: %s', (kind) => {
	test('are none at first, get two minutes to stop, and cannot write to their own disk', () => {
		templates[kind].hasResourceProperties('AWS::ECS::Service', {
			DesiredCount: 0,
			AvailabilityZoneRebalancing: 'DISABLED', // which would stop them amid their batches
		});
		templates[kind].hasResourceProperties('AWS::ECS::TaskDefinition', {
			ContainerDefinitions: [Match.objectLike({ StopTimeout: 120, ReadonlyRootFilesystem: true })],
		});
		expect(limits.stopGraceSeconds).toBeLessThan(120);
	});

	test('come with the first batch, up to the bound, and go after five minutes without any', () => {
		const policies = Object.values(templates[kind].findResources('AWS::ApplicationAutoScaling::ScalingPolicy'));
		const steps = policies.map(({ Properties }) => Properties.StepScalingPolicyConfiguration);
		expect(steps.map(({ AdjustmentType }) => AdjustmentType)).toEqual(['ExactCapacity', 'ExactCapacity']);
		expect(steps.map(({ Cooldown }) => Cooldown)).toEqual([60, 60]);
		const counts = steps.flatMap(({ StepAdjustments }) =>
			StepAdjustments.map((step: { ScalingAdjustment: number }) => step.ScalingAdjustment),
		);
		expect(counts.sort()).toEqual([0, 1, 2, 3, 4]);
		templates[kind].hasResourceProperties('AWS::CloudWatch::Alarm', {
			AlarmName: 'budgetnet-workers-idle',
			EvaluationPeriods: 5,
			Metrics: Match.arrayWith([Match.objectLike({ Expression: 'SUM([visible, running])' })]),
		});
	});

	test('have threads left to look up hosts while all decoders are busy', () => {
		templates[kind].hasResourceProperties('AWS::ECS::TaskDefinition', {
			ContainerDefinitions: [
				Match.objectLike({ Environment: Match.arrayWith([{ Name: 'UV_THREADPOOL_SIZE', Value: '6' }]) }),
			],
		});
	});

	test('are told all that a worker must be told, and nothing that it does not read', () => {
		const [task] = Object.values(templates[kind].findResources('AWS::ECS::TaskDefinition'));
		const environmentOf: { Name: string }[] = task?.Properties.ContainerDefinitions[0].Environment;
		const byOthers = ['AWS_REGION', 'UV_THREADPOOL_SIZE']; // the SDK, Node
		const told = environmentOf.map(({ Name }) => Name).filter((name) => !byOthers.includes(name));
		const value = (name: string) => (name.endsWith('_URL') ? 'https://sqs.eu-west-1.amazonaws.com/1/q' : 'told');
		const byDockerfile = { PACKAGE_FOLDER: 'models' };
		const environment = { ...byDockerfile, ...Object.fromEntries(told.map((name) => [name, value(name)])) };
		expect(readSettings(environment)).toMatchObject({ imagesBucket: 'told' });
		for (const name of told) expect(() => readSettings({ ...environment, [name]: undefined })).toThrow(name);
	});

	test('are told their region, which only Fargate would say by itself', () => {
		templates[kind].hasResourceProperties('AWS::ECS::TaskDefinition', {
			ContainerDefinitions: [
				Match.objectLike({ Environment: Match.arrayWith([{ Name: 'AWS_REGION', Value: { Ref: 'AWS::Region' } }]) }),
			],
		});
	});

	test('nobody can call in', () => {
		templates[kind].resourceCountIs('AWS::EC2::SecurityGroupIngress', 0);
		templates[kind].allResourcesProperties('AWS::EC2::SecurityGroup', { SecurityGroupIngress: Match.absent() });
	});
});

describe('the two kinds of workers', () => {
	test('cpu: Fargate with a public address, no GPU', () => {
		templates.cpu.hasResourceProperties('AWS::ECS::TaskDefinition', {
			RequiresCompatibilities: ['FARGATE'],
			ContainerDefinitions: [Match.objectLike({ ResourceRequirements: Match.absent() })],
		});
		templates.cpu.hasResourceProperties('AWS::ECS::Service', {
			NetworkConfiguration: { AwsvpcConfiguration: Match.objectLike({ AssignPublicIp: 'ENABLED' }) },
		});
		templates.cpu.resourceCountIs('AWS::ECS::CapacityProvider', 0);
	});

	test('gpu: Managed Instances with one GPU a task, which share the address of their instance', () => {
		templates.gpu.hasResourceProperties('AWS::ECS::TaskDefinition', {
			RequiresCompatibilities: ['MANAGED_INSTANCES'],
			NetworkMode: 'host',
			ContainerDefinitions: [Match.objectLike({ ResourceRequirements: [{ Type: 'GPU', Value: '1' }] })],
		});
		templates.gpu.hasResourceProperties('AWS::ECS::Service', { NetworkConfiguration: Match.absent() });
		// Deleted before the way out: cut off from ECS, an instance could not end.
		const [provider] = Object.values(templates.gpu.findResources('AWS::ECS::CapacityProvider'));
		const routes = Object.keys(templates.gpu.findResources('AWS::EC2::Route'));
		expect(provider?.DependsOn).toEqual(expect.arrayContaining(routes));
		templates.gpu.hasResourceProperties('AWS::ECS::CapacityProvider', {
			ManagedInstancesProvider: Match.objectLike({
				PropagateTags: 'CAPACITY_PROVIDER',
				InstanceLaunchTemplate: Match.objectLike({
					InstanceRequirements: Match.objectLike({
						AcceleratorCount: { Min: 1, Max: Match.absent() },
						AllowedInstanceTypes: ['g6.xlarge'],
						OnDemandMaxPricePercentageOverLowestPrice: 999_999, // dearer ones too, where the cheapest is short
					}),
				}),
			}),
		});
	});
});

test('another kind of workers is a service of another name: one that must be replaced cannot have its own name twice', () => {
	const nameOf = (kind: 'cpu' | 'gpu') =>
		Object.values(templates[kind].findResources('AWS::ECS::Service')).map(({ Properties }) => Properties.ServiceName);
	expect([...nameOf('cpu'), ...nameOf('gpu')]).toEqual(['budgetnet-workers-cpu', 'budgetnet-workers-gpu']);
});

describe('network', () => {
	test('by default costs nothing while nothing runs: gateway endpoints, no NAT, no interface endpoints', () => {
		templates.cpu.resourceCountIs('AWS::EC2::NatGateway', 0);
		templates.cpu.resourceCountIs('AWS::EC2::VPCEndpoint', 2);
		templates.cpu.allResourcesProperties('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Gateway' });
	});

	test('private: no way out but seven interface endpoints and the two gateways', () => {
		templates.private.resourceCountIs('AWS::EC2::InternetGateway', 0);
		const endpoints = Object.values(templates.private.findResources('AWS::EC2::VPCEndpoint'));
		const ofType = (type: string) => endpoints.filter(({ Properties }) => Properties.VpcEndpointType === type).length;
		expect([ofType('Interface'), ofType('Gateway')]).toEqual([7, 2]);
		templates.private.hasResourceProperties('AWS::EC2::SecurityGroup', {
			GroupDescription: 'Interface endpoints: from workers only',
		});
		templates.private.allResourcesProperties('AWS::EC2::SecurityGroupIngress', {
			SourceSecurityGroupId: Match.anyValue(),
			FromPort: 443,
		});
		templates.private.hasResourceProperties('AWS::ECS::TaskDefinition', { NetworkMode: 'awsvpc' });
	});
});

test('alarms go to a topic, and from there to whom the settings name', () => {
	templates.gpu.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'ops@example.org' });
	templates.gpu.resourceCountIs('AWS::SNS::Subscription', 2); // of alarms and of quota alerts
	templates.cpu.resourceCountIs('AWS::SNS::Subscription', 0);
	const alarms = Object.values(templates.cpu.findResources('AWS::CloudWatch::Alarm'));
	const names = alarms.map(({ Properties }) => Properties.AlarmName as string);
	for (const queue of ['image-events', 'plans', 'batches', 'reports'])
		expect(names).toContain(`budgetnet-${queue}-dead`);
	for (const { Properties } of alarms) expect(Properties.AlarmActions).toHaveLength(1);
});

test.each(both)("%s: no alarm's sum is without value where a metric has no data", (kind) => {
	const alarms = Object.values(templates[kind].findResources('AWS::CloudWatch::Alarm'));
	const expressions = alarms.flatMap(({ Properties }) =>
		(Properties.Metrics ?? []).map(({ Expression = '' }: { Expression?: string }) => Expression),
	);
	expect(expressions).toContain('IF(backlog > 0 AND SUM([nought, labelled, failed]) == 0, 1, 0)');
	expect(expressions).toContain('SUM([errors0, errors1, errors2, errors3, errors4, errors5])');
	expect(expressions.filter((expression) => expression.includes('+'))).toEqual([]);
});

test('a batch that no worker could run and nobody gives up is told of, though its dead letter is mostly in flight', () => {
	templates.cpu.hasResourceProperties('AWS::CloudWatch::Alarm', {
		AlarmName: 'budgetnet-batches-dead',
		Threshold: 0,
		ComparisonOperator: 'GreaterThanThreshold',
		EvaluationPeriods: 2,
		Metrics: Match.arrayWith([
			Match.objectLike({ Expression: 'SUM([visible, running])' }),
			...['ApproximateNumberOfMessagesVisible', 'ApproximateNumberOfMessagesNotVisible'].map((MetricName) =>
				Match.objectLike({
					MetricStat: Match.objectLike({ Metric: Match.objectLike({ MetricName }), Period: 300, Stat: 'Minimum' }),
				}),
			),
		]),
	});
});

test('a sweep that fails is not run again, for the next comes in minutes; the search for lost events is', () => {
	const sweeper = { Properties: { FunctionName: 'budgetnet-sweeper' } };
	const [id] = Object.keys(templates.cpu.findResources('AWS::Lambda::Function', sweeper));
	templates.cpu.allResourcesProperties('AWS::Lambda::EventInvokeConfig', {
		FunctionName: { Ref: id },
		MaximumRetryAttempts: 0,
	});
	templates.cpu.resourceCountIs('AWS::Lambda::EventInvokeConfig', 1);
});

test('the search for lost events that fails, and is run three times by Lambda, is told of, though it runs four times a day', () => {
	templates.cpu.hasResourceProperties('AWS::CloudWatch::Alarm', {
		AlarmName: 'budgetnet-errors',
		Threshold: 1,
		ComparisonOperator: 'GreaterThanThreshold',
		EvaluationPeriods: 1,
	});
});

test('each alarm has its place in docs/operators.md, and nothing else has', async () => {
	const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'operators.md'), 'utf8');
	const explained = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => `budgetnet-${name}`);
	const noFaults = ['budgetnet-workers-wanted', 'budgetnet-workers-idle'];
	const alarms = Object.values(templates.cpu.findResources('AWS::CloudWatch::Alarm'));
	expect([...explained, ...noFaults].sort()).toEqual(alarms.map(({ Properties }) => Properties.AlarmName).sort());
});

test('the stack is not deleted by mistake', () => {
	expect(appOf({}).stack.terminationProtection).toBe(true);
});

test('retention: dead letters of four days of batches are still there for ten', () => {
	templates.cpu.hasResourceProperties('AWS::SQS::Queue', {
		QueueName: 'budgetnet-batches',
		MessageRetentionPeriod: limits.batchRetentionSeconds,
	});
	templates.cpu.hasResourceProperties('AWS::SQS::Queue', {
		QueueName: 'budgetnet-batches-dead',
		MessageRetentionPeriod: limits.batchRetentionSeconds + 10 * daySeconds,
	});
});
