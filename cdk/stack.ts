import { type App, CfnOutput, Stack, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { acknowledgeFindings } from './acknowledged.ts';
import { Alarms } from './alarms.ts';
import { Buckets } from './buckets.ts';
import { functionTimeout } from './function.ts';
import { Network } from './network.ts';
import { Planner } from './planner.ts';
import { Queues } from './queues.ts';
import type { Settings } from './settings-schema.ts';
import { Settler } from './settler.ts';
import { Sweeper } from './sweeper.ts';
import { Tables } from './tables.ts';
import { Tenants } from './tenants.ts';
import { Topics } from './topics.ts';
import { Workers } from './workers/workers.ts';

/** The whole system in one account. It only wires: each part is a construct of its own. */
export class BudgetNetStack extends Stack {
	constructor(scope: App | Construct, settings: Settings) {
		super(scope, settings.name, {
			description: 'BudgetNet Batch: classifies images within spending quotas',
			terminationProtection: true, // what a deletion loses: docs/operators.md, Deleting the stack
		});
		const { name, retentionDays: results, imageRetentionDays: images = results } = settings;
		const queues = new Queues(this, 'Queues', { name, functionTimeout });
		const tables = new Tables(this, 'Tables', { name });
		const topics = new Topics(this, 'Topics', { name, email: settings.alarmEmail });
		const { quotaAlerts, drops, outcomes } = topics;
		const imageEvents = queues.imageEvents.queue;
		const buckets = new Buckets(this, 'Buckets', {
			name,
			retentionDays: { images, results },
			imageEvents,
			drops,
			outcomes,
		});
		const planner = new Planner(this, 'Planner', { settings, buckets, queues, tables, quotaAlerts });
		const settler = new Settler(this, 'Settler', { name, buckets, queues, tables });
		const sweeper = new Sweeper(this, 'Sweeper', { name, buckets, queues, tables });
		const network = new Network(this, 'Network', { name, isPrivate: settings.privateNetwork });
		const workers = new Workers(this, 'Workers', { settings, network, buckets, queues });
		const tenants = new Tenants(this, 'Tenants', { name, buckets });
		const functions = [...planner.functions, ...settler.functions, ...sweeper.functions];
		new Alarms(this, 'Alarms', { name, queues, functions, topic: topics.alarms });
		// functions/aws/stack-outputs.ts and functions/cli/workers.ts find them by these names
		const outputs = {
			TablePrefix: name,
			ImagesBucket: buckets.images.bucketName,
			ResultsBucket: buckets.results.bucketName,
			ImageEventsQueueUrl: queues.imageEvents.queue.queueUrl,
			PlansQueueUrl: queues.plans.queue.queueUrl,
			BatchesQueueUrl: queues.batches.queue.queueUrl,
			BatchesDeadQueueUrl: queues.batches.dead.queueUrl,
			ReportsQueueUrl: queues.reports.queue.queueUrl,
			UploaderRoleArn: tenants.uploader.roleArn,
			ReaderRoleArn: tenants.reader.roleArn,
			WorkersService: workers.service.serviceName,
			AlarmsTopicArn: topics.alarms.topicArn,
			QuotaAlertsTopicArn: topics.quotaAlerts.topicArn,
			DropsTopicArn: drops.topicArn,
			OutcomesTopicArn: outcomes.topicArn,
			ModelPackage: settings.modelPackage,
			ModelDigest: planner.modelDigest,
			WorkerKind: settings.workers,
			Price: JSON.stringify(settings.price),
			BatchImagesMax: String(settings.batchImagesMax),
		};
		for (const [id, value] of Object.entries(outputs)) new CfnOutput(this, id, { value });
		Tags.of(this).add('system', name);
		acknowledgeFindings(this, settings);
	}
}
