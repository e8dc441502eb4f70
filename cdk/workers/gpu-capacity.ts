import { Size } from 'aws-cdk-lib';
import { AcceleratorManufacturer, AcceleratorType, InterfaceVpcEndpoint } from 'aws-cdk-lib/aws-ec2';
import { type Cluster, ManagedInstancesCapacityProvider, PropagateManagedInstancesTags } from 'aws-cdk-lib/aws-ecs';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct, type IDependable } from 'constructs';
import type { Network } from '../network.ts';

/** The image alone has some 5 GB, with CUDA. */
const volume = Size.gibibytes(40);

/** Switches the bound on prices off: the operator has named the types. */
const anyPricePercent = 999_999;

/** Written and maintained by AWS; it reaches only what carries ECS's own tag. */
const infrastructurePolicy = 'AmazonECSInfrastructureRolePolicyForManagedInstances';

export interface GpuCapacityProps {
	name: string;
	cluster: Cluster;
	network: Network;
	instanceTypes: string[];
}

/** EC2 instances with at least one GPU, which ECS starts, patches and ends by itself as tasks come and go. */
export class GpuCapacity extends Construct {
	readonly provider: ManagedInstancesCapacityProvider;

	constructor(scope: Construct, id: string, { name, cluster, network, instanceTypes }: GpuCapacityProps) {
		super(scope, id);
		const infrastructureRole = new Role(this, 'InfrastructureRole', {
			roleName: `${name}-infrastructure`,
			description: 'Lets ECS start and end the GPU instances',
			assumedBy: new ServicePrincipal('ecs.amazonaws.com'),
			managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName(infrastructurePolicy)],
		});
		this.provider = new ManagedInstancesCapacityProvider(this, 'Provider', {
			infrastructureRole,
			subnets: network.vpc.selectSubnets(network.subnets).subnets,
			securityGroups: [network.securityGroup],
			taskVolumeStorage: volume,
			propagateTags: PropagateManagedInstancesTags.CAPACITY_PROVIDER,
			instanceRequirements: {
				vCpuCountMin: 1,
				memoryMin: Size.gibibytes(4),
				allowedInstanceTypes: instanceTypes,
				// otherwise only types of at most 120 % of the cheapest one's price
				onDemandMaxPricePercentageOverLowestPrice: anyPricePercent,
				acceleratorCountMin: 1,
				acceleratorManufacturers: [AcceleratorManufacturer.NVIDIA],
				acceleratorTypes: [AcceleratorType.GPU],
			},
		});
		// deleted before the ways out: cut off from ECS, an instance cannot end
		this.provider.node.addDependency(...waysOut(network));
		cluster.addManagedInstancesCapacityProvider(this.provider);
	}
}

/** How an instance reaches ECS: by routes to the internet or, if there are none, by endpoints. */
function waysOut({ vpc, subnets, isPrivate }: Network): IDependable[] {
	if (!isPrivate) return [vpc.selectSubnets(subnets).internetConnectivityEstablished];
	return vpc.node.children.filter((child) => child instanceof InterfaceVpcEndpoint);
}
