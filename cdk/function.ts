import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { type PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, type CfnFunction, RecursiveLoop, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { bundle } from './bundle.ts';
import { logOf } from './log.ts';
import { functionMemoryMib } from './sizes.ts';
import { allow, mayLogTo } from './statements.ts';

const root = join(import.meta.dirname, '..');

/** Well below `limits.planningSecondsMax`, after which a batch's planner counts as dead. */
export const functionTimeout = Duration.minutes(5);

export interface HandlerProps {
	/** As the console shows it. */
	functionName: string;
	description: string;
	/** Which file of functions/, and which of its exports. */
	entry: string;
	handler: string;
	environment: Record<string, string>;
	/** All that it may do, besides writing its log. */
	permissions: PolicyStatement[];
	/** By default `functionMemoryMib`. */
	memoryMib?: number;
	/**
	 * Whether it continues by sending messages to itself. Unless this is set, Lambda ends any chain of some sixteen
	 * invocations.
	 */
	mayCallItself?: boolean;
	/** Files of the repository that are beside the code when it runs. */
	files?: string[];
}

/** How a queue drives a function. */
export interface Source {
	queue: Queue;
	/** The most messages of one invocation. */
	batchSize: number;
	/** How long to wait for more after the first. */
	window?: Duration;
	/** The most invocations at once. */
	concurrencyMax: number;
}

/** A Lambda function of this repository, with a role and a log of its own. */
export class HandlerFunction extends Construct {
	readonly function: NodejsFunction;
	private readonly role: Role;

	constructor(scope: Construct, id: string, props: HandlerProps) {
		super(scope, id);
		const { functionName } = props;
		const logGroup = logOf(this, functionName);
		this.role = new Role(this, 'Role', {
			roleName: functionName,
			description: props.description,
			assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
		});
		for (const statement of [mayLogTo(logGroup), ...props.permissions]) this.role.addToPolicy(statement);
		this.function = new NodejsFunction(this, 'Function', {
			functionName,
			description: props.description,
			logGroup,
			role: this.role,
			entry: join(root, 'functions', props.entry),
			handler: props.handler,
			projectRoot: root,
			depsLockFilePath: join(root, 'package-lock.json'),
			runtime: Runtime.NODEJS_24_X,
			architecture: Architecture.ARM_64,
			memorySize: props.memoryMib ?? functionMemoryMib,
			timeout: functionTimeout,
			tracing: Tracing.DISABLED,
			recursiveLoop: props.mayCallItself ? RecursiveLoop.ALLOW : undefined,
			environment: props.environment,
			bundling: bundlingWith(props.files ?? []),
		});
		// CDK makes the function depend on its role as well as on the role's policy; cfn-lint finds the former superfluous.
		const resource = this.function.node.defaultChild as CfnFunction;
		resource.addMetadata('cfn-lint', { config: { ignore_checks: ['W3005'] } });
	}

	/** Drives the function from a queue; messages that it names as failed are redelivered alone. */
	drivenBy({ queue, batchSize, window, concurrencyMax }: Source): this {
		this.role.addToPolicy(allow(['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'], queue.queueArn));
		this.function.addEventSourceMapping(`From${queue.node.id}`, {
			eventSourceArn: queue.queueArn,
			batchSize,
			maxConcurrency: concurrencyMax,
			reportBatchItemFailures: true,
			maxBatchingWindow: window,
		});
		return this;
	}
}

function bundlingWith(files: string[]) {
	const { target, mainFields, banner } = bundle;
	return {
		target,
		banner,
		mainFields: [...mainFields],
		format: OutputFormat.ESM,
		bundleAwsSDK: true,
		commandHooks: {
			beforeInstall: () => [],
			beforeBundling: () => [],
			afterBundling: (inputDir: string, outputDir: string) =>
				files.map((file) => copyCommand(`${inputDir}/${file}`, `${outputDir}/`)),
		},
	};
}

/** For the shell that runs bundling's hooks: cmd on Windows. */
function copyCommand(from: string, to: string): string {
	if (process.platform !== 'win32') return `cp "${from}" "${to}"`;
	return `copy "${from.replaceAll('/', '\\')}" "${to.replaceAll('/', '\\')}"`;
}
