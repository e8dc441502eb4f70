import { Aws } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';

/** Where the system tells people: the operator's alarms. */
export class Topics extends Construct {
	readonly alarms: Topic;

	constructor(scope: Construct, id: string, { name, email }: { name: string; email: string | undefined }) {
		super(scope, id);
		this.alarms = new Topic(this, 'Alarms', {
			topicName: `${name}-alarms`,
			displayName: `${name} alarms`,
			enforceSSL: true,
		});
		this.alarms.addToResourcePolicy(
			new PolicyStatement({
				sid: 'AlarmsSpeak', // a policy of one's own takes the place of SNS's default, which would allow this
				principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
				actions: ['sns:Publish'],
				resources: [this.alarms.topicArn],
				conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
			}),
		);
		if (email !== undefined) this.alarms.addSubscription(new EmailSubscription(email));
	}
}
