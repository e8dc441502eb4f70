import { Aws } from 'aws-cdk-lib';
import {
	AvailabilityZoneRebalancing,
	type CfnService,
	Cluster,
	ContainerInsights,
	FargateService,
	PropagatedTagSource,
} from 'aws-cdk-lib/aws-ecs';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Buckets } from '../buckets.ts';
import { logOf } from '../log.ts';
import type { Network } from '../network.ts';
import type { Queues } from '../queues.ts';
import type { Settings } from '../settings-schema.ts';
import { GpuCapacity } from './gpu-capacity.ts';
import { permissionsOfWorker } from './permissions.ts';
import { Scaling } from './scaling.ts';
import { WorkerTask } from './task.ts';

export interface WorkersProps {
	settings: Settings;
	network: Network;
	buckets: Buckets;
	queues: Queues;
}

/**
 * The service that runs batches: as many workers as these want, within the settings' bound; none when there are none.
 */
export class Workers extends Construct {
	readonly cluster: Cluster;
	readonly service: FargateService;

	constructor(scope: Construct, id: string, props: WorkersProps) {
		super(scope, id);
		const { settings, network, buckets, queues } = props;
		this.cluster = new Cluster(this, 'Cluster', {
			clusterName: settings.name,
			vpc: network.vpc,
			containerInsightsV2: ContainerInsights.DISABLED, // priced by the metric; the workers' own metrics say more
		});
		const role = new Role(this, 'Role', {
			roleName: `${settings.name}-worker`,
			description: 'Reads images, writes outcomes and reports; nothing of the ledger',
			assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
		});
		for (const statement of permissionsOfWorker(this.cluster, buckets, queues)) role.addToPolicy(statement);
		const log = logOf(this, `${settings.name}-worker`);
		const environment = {
			AWS_REGION: Aws.REGION, // only Fargate sets it by itself
			SYSTEM_NAME: settings.name,
			IMAGES_BUCKET: buckets.images.bucketName,
			RESULTS_BUCKET: buckets.results.bucketName,
			BATCHES_QUEUE_URL: queues.batches.queue.queueUrl,
			REPORTS_QUEUE_URL: queues.reports.queue.queueUrl,
		};
		const task = new WorkerTask(this, 'Worker', { settings, environment, log, role, isPrivate: network.isPrivate });
		this.service = this.serviceOf(props, task);
		new Scaling(this, 'Scaling', { settings, service: this.service, queue: queues.batches.queue });
	}

	private serviceOf({ settings, network }: WorkersProps, task: WorkerTask): FargateService {
		const common = {
			cluster: this.cluster,
			// the other kind takes another service, which at first is beside this one
			serviceName: `${settings.name}-workers-${settings.workers}`,
			taskDefinition: task.definition,
			desiredCount: 0, // so a deployment ends at once, and a circuit breaker would have nothing to judge
			propagateTags: PropagatedTagSource.SERVICE, // the stack's tag tells what tasks cost
			minHealthyPercent: 0, // a deployment need not start a second GPU beside the first
			maxHealthyPercent: 100,
			availabilityZoneRebalancing: AvailabilityZoneRebalancing.DISABLED, // it would stop workers in mid-batch
			vpcSubnets: network.subnets,
			securityGroups: [network.securityGroup],
		};
		if (settings.workers === 'cpu')
			return new FargateService(this, 'Service', { ...common, assignPublicIp: !network.isPrivate });
		const gpu = { name: settings.name, cluster: this.cluster, network, instanceTypes: settings.gpu.instanceTypes };
		const { provider } = new GpuCapacity(this, 'Gpu', gpu);
		const service = new FargateService(this, 'Service', {
			...common,
			capacityProviderStrategies: [{ capacityProvider: provider.capacityProviderName, weight: 1 }],
		});
		if (!network.isPrivate) shareTheInstancesNetwork(service);
		return service;
	}
}

/** A task's own network interface never gets a public address on Managed Instances; the instance's has one. */
function shareTheInstancesNetwork(service: FargateService): void {
	const resource = service.node.findChild('Service') as CfnService;
	resource.addPropertyDeletionOverride('NetworkConfiguration');
}
