import { Aws } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';

/** Where the system tells people: alarms for operators, and what becomes of quotas for who minds them. */
export class Topics extends Construct {
	readonly alarms: Topic;
	readonly quotaAlerts: Topic;

	constructor(scope: Construct, id: string, { name, email }: { name: string; email: string | undefined }) {
		super(scope, id);
		this.alarms = this.topic('Alarms', `${name}-alarms`);
		this.quotaAlerts = this.topic('QuotaAlerts', `${name}-quota-alerts`);
		this.alarms.addToResourcePolicy(
			new PolicyStatement({
				sid: 'AlarmsSpeak', // a policy of one's own takes the place of SNS's default, which would allow this
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
