import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { limits } from '../../functions/core/limits.ts';
import { readSettings } from '../../functions/worker/settings.ts';
import { kinds, type Templates } from './templates.ts';

/** What must hold for the workers and their network. */
export function workerRules(templates: Templates): void {
	describe.each(kinds)('workers: %s', (kind) => {
		test('are none at first, get two minutes to stop, and cannot write to their own disk', () => {
			templates[kind].hasResourceProperties('AWS::ECS::Service', {
				DesiredCount: 0,
				AvailabilityZoneRebalancing: 'DISABLED', // which would stop them in mid-batch
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

		test('get all settings that a worker needs, and none that it does not read', () => {
			const [task] = Object.values(templates[kind].findResources('AWS::ECS::TaskDefinition'));
			const environmentOf: { Name: string }[] = task?.Properties.ContainerDefinitions[0].Environment;
			const byOthers = ['AWS_REGION', 'UV_THREADPOOL_SIZE']; // for the SDK and for Node
			const told = environmentOf.map(({ Name }) => Name).filter((name) => !byOthers.includes(name));
			const value = (name: string) => (name.endsWith('_URL') ? 'https://sqs.eu-west-1.amazonaws.com/1/q' : 'told');
			const byDockerfile = { PACKAGE_FOLDER: 'models' };
			const environment = { ...byDockerfile, ...Object.fromEntries(told.map((name) => [name, value(name)])) };
			expect(readSettings(environment)).toMatchObject({ imagesBucket: 'told' });
			for (const name of told) expect(() => readSettings({ ...environment, [name]: undefined })).toThrow(name);
		});

		test('get their region, which only Fargate would provide by itself', () => {
			templates[kind].hasResourceProperties('AWS::ECS::TaskDefinition', {
				ContainerDefinitions: [
					Match.objectLike({ Environment: Match.arrayWith([{ Name: 'AWS_REGION', Value: { Ref: 'AWS::Region' } }]) }),
				],
			});
		});

		test('accept no incoming connections', () => {
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
							OnDemandMaxPricePercentageOverLowestPrice: 999_999, // dearer ones too, if the cheapest is in short supply
						}),
					}),
				}),
			});
		});
	});

	test('another kind of workers is a service with another name: one that must be replaced cannot have its own name twice', () => {
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
}
