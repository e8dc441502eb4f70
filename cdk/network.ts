import {
	GatewayVpcEndpointAwsService,
	InterfaceVpcEndpointAwsService,
	Port,
	SecurityGroup,
	type SubnetSelection,
	SubnetType,
	Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { type interfaceEndpoints, zonesMax } from './sizes.ts';

/** What workers must reach besides S3 and DynamoDB, whose gateway endpoints cost nothing. */
const interfaceServices: Record<(typeof interfaceEndpoints)[number], InterfaceVpcEndpointAwsService> = {
	EcrApi: InterfaceVpcEndpointAwsService.ECR,
	EcrDocker: InterfaceVpcEndpointAwsService.ECR_DOCKER,
	Logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
	Sqs: InterfaceVpcEndpointAwsService.SQS,
	Ecs: InterfaceVpcEndpointAwsService.ECS,
	EcsAgent: InterfaceVpcEndpointAwsService.ECS_AGENT,
	EcsTelemetry: InterfaceVpcEndpointAwsService.ECS_TELEMETRY,
};

/**
 * Where workers run. In either mode nobody can call in. By default they are in public subnets, which cost nothing while
 * nothing runs; privately, in subnets with no way out but interface endpoints, which cost money by the hour
 * (docs/cost.md).
 */
export class Network extends Construct {
	readonly vpc: Vpc;
	readonly subnets: SubnetSelection;
	readonly securityGroup: SecurityGroup;
	readonly isPrivate: boolean;

	constructor(scope: Construct, id: string, { name, isPrivate }: { name: string; isPrivate: boolean }) {
		super(scope, id);
		this.isPrivate = isPrivate;
		const subnetType = isPrivate ? SubnetType.PRIVATE_ISOLATED : SubnetType.PUBLIC;
		this.subnets = { subnetType };
		this.vpc = new Vpc(this, 'Vpc', {
			vpcName: name,
			maxAzs: zonesMax,
			natGateways: 0,
			subnetConfiguration: [{ name: 'workers', subnetType, cidrMask: 20 }],
			restrictDefaultSecurityGroup: false, // true would add a function; nothing here uses that group
			gatewayEndpoints: {
				S3: { service: GatewayVpcEndpointAwsService.S3 },
				DynamoDb: { service: GatewayVpcEndpointAwsService.DYNAMODB },
			},
		});
		this.securityGroup = new SecurityGroup(this, 'Workers', {
			vpc: this.vpc,
			securityGroupName: `${name}-workers`,
			description: 'Workers: nothing in, all out',
		});
		if (isPrivate) this.addEndpoints();
	}

	/** Only workers may use them. */
	private addEndpoints(): void {
		const { vpc, subnets } = this;
		const endpoints = new SecurityGroup(this, 'Endpoints', {
			vpc,
			description: 'Interface endpoints: from workers only',
		});
		endpoints.addIngressRule(this.securityGroup, Port.HTTPS, 'Workers');
		const securityGroups = [endpoints];
		for (const [id, service] of Object.entries(interfaceServices))
			vpc.addInterfaceEndpoint(id, { service, subnets, securityGroups, open: false, privateDnsEnabled: true });
	}
}
