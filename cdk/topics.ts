import { Aws } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';

/**
 * Where the system reports: alarms for operators, quota alerts for those who look after quotas, batches that have
 * outcomes, and drops that are done.
 */
export class Topics extends Construct {
	readonly alarms: Topic;
	readonly quotaAlerts: Topic;
	/**
	 * S3 itself publishes on these two (bucket-events.ts): each record of a drop that is done, and each outcomes object.
	 */
	readonly drops: Topic;
	readonly outcomes: Topic;

	constructor(scope: Construct, id: string, { name, email }: { name: string; email: string | undefined }) {
		super(scope, id);
		this.alarms = this.topic('Alarms', `${name}-alarms`);
		this.quotaAlerts = this.topic('QuotaAlerts', `${name}-quota-alerts`);
		this.drops = this.topic('Drops', `${name}-drops`);
		this.outcomes = this.topic('Outcomes', `${name}-outcomes`);
		this.alarms.addToResourcePolicy(
			new PolicyStatement({
				sid: 'AlarmsSpeak', // a policy of our own replaces SNS's default, which would allow this
				principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
				actions: ['sns:Publish'],
				resources: [this.alarms.topicArn],
				conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
			}),
		);
		if (email === undefined) return;
		this.alarms.addSubscription(new EmailSubscription(email));
		this.quotaAlerts.addSubscription(new EmailSubscription(email));
	}

	private topic(id: string, topicName: string): Topic {
		return new Topic(this, id, { topicName, displayName: topicName, enforceSSL: true });
	}
}
