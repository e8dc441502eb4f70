import { Duration } from 'aws-cdk-lib';
import {
	Compatibility,
	CpuArchitecture,
	LogDrivers,
	NetworkMode,
	OperatingSystemFamily,
	TaskDefinition,
} from 'aws-cdk-lib/aws-ecs';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { limits } from '../../functions/core/limits.ts';
import type { Settings } from '../settings-schema.ts';
import { cpuUnitsPerVcpu } from '../sizes.ts';
import { workerImage } from './image.ts';

/** The longest that ECS allows on Fargate. The worker hands its batch back earlier (`limits.stopGraceSeconds`). */
const stopTimeout = Duration.seconds(120);

export interface WorkerTaskProps {
	settings: Settings;
	environment: Record<string, string>;
	log: LogGroup;
	role: Role;
	/** Whether tasks are in subnets whose only way out is endpoints. */
	isPrivate: boolean;
}

/** One worker: one container, a few batches at once; with a GPU of its own if the settings say `gpu`. */
export class WorkerTask extends Construct {
	readonly definition: TaskDefinition;

	constructor(scope: Construct, id: string, { settings, environment, log, role, isPrivate }: WorkerTaskProps) {
		super(scope, id);
		const onGpu = settings.workers === 'gpu';
		const { cpuUnits, memoryMib } = settings[settings.workers];
		this.definition = new TaskDefinition(this, 'Task', {
			family: `${settings.name}-worker`,
			compatibility: onGpu ? Compatibility.MANAGED_INSTANCES : Compatibility.FARGATE,
			networkMode: onGpu && !isPrivate ? NetworkMode.HOST : NetworkMode.AWS_VPC,
			runtimePlatform: {
				cpuArchitecture: CpuArchitecture.X86_64,
				operatingSystemFamily: OperatingSystemFamily.LINUX,
			},
			cpu: String(cpuUnits),
			memoryMiB: String(memoryMib),
			taskRole: role,
			executionRole: new Role(this, 'StarterRole', {
				roleName: `${settings.name}-worker-starter`,
				description: "Pulls the worker's image and opens its log",
				assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
			}),
		});
		this.definition.addContainer('worker', containerOf(settings, environment, log));
	}
}

/** Threads of Node's pool, which by default has four, however many processors there are. */
function poolThreads(cpuUnits: number): number {
	return limits.lookupThreads + Math.max(limits.decodersMin, Math.ceil(cpuUnits / cpuUnitsPerVcpu));
}

function containerOf(settings: Settings, environment: Record<string, string>, logGroup: LogGroup) {
	return {
		containerName: 'worker',
		image: workerImage(settings),
		environment: {
			...environment,
			UV_THREADPOOL_SIZE: String(poolThreads(settings[settings.workers].cpuUnits)),
		},
		logging: LogDrivers.awsLogs({ logGroup, streamPrefix: 'worker' }),
		stopTimeout,
		memoryLimitMiB: settings[settings.workers].memoryMib,
		readonlyRootFilesystem: true,
		gpuCount: settings.workers === 'gpu' ? 1 : undefined,
	};
}
