import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { tableDefinitions } from '../../functions/aws/tables.ts';
import { limits } from '../../functions/core/limits.ts';
import { kinds, type Templates } from './templates.ts';

const daySeconds = 24 * 3600;

/** What must hold for buckets, topics, queues and tables. */
export function dataRules(templates: Templates): void {
	test('images may be kept for a shorter time than results, for example where they are private and bills are needed', () => {
		const kept = (prefix: string) => {
			const named = { Properties: { BucketName: Match.objectLike({ 'Fn::Join': ['', Match.arrayWith([prefix])] }) } };
			const [bucket] = Object.values(templates.private.findResources('AWS::S3::Bucket', named));
			return bucket?.Properties.LifecycleConfiguration.Rules[0].ExpirationInDays;
		};
		expect([kept('budgetnet-images-'), kept('budgetnet-results-')]).toEqual([130, 3650]);
	});

	describe.each(kinds)('data, with %s workers', (kind) => {
		test('both buckets are encrypted under keys that workers can use, private, versioned, kept except by a first deployment that fails, and outlive period and deferral', () => {
			templates[kind].resourceCountIs('AWS::S3::Bucket', 2);
			templates[kind].allResources('AWS::S3::Bucket', {
				DeletionPolicy: 'RetainExceptOnCreate',
				UpdateReplacePolicy: 'Retain',
				Properties: Match.objectLike({
					BucketEncryption: {
						ServerSideEncryptionConfiguration: [
							{
								ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' },
								BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] },
							},
						],
					},
					VersioningConfiguration: { Status: 'Enabled' },
					PublicAccessBlockConfiguration: {
						BlockPublicAcls: true,
						BlockPublicPolicy: true,
						IgnorePublicAcls: true,
						RestrictPublicBuckets: true,
					},
				}),
			});
			for (const { Properties } of Object.values(templates[kind].findResources('AWS::S3::Bucket'))) {
				const [expire, forgetNames, ...more] = Properties.LifecycleConfiguration.Rules;
				expect(expire.ExpirationInDays).toBeGreaterThan(31 + limits.deferralDaysMax);
				// The marker that an expired key leaves is in a rule of its own: S3 refuses both in one.
				expect([forgetNames, more]).toEqual([
					{ Id: 'forget-names', Status: 'Enabled', ExpiredObjectDeleteMarker: true },
					[],
				]);
			}
		});

		test('an overwritten or deleted image is kept while its event waits, then its batch for money, then that for a worker', () => {
			const kept = Object.values(templates[kind].findResources('AWS::S3::Bucket')).map(
				({ Properties }) => Properties.LifecycleConfiguration.Rules[0].NoncurrentVersionExpiration.NoncurrentDays,
			);
			const queueDays = limits.batchRetentionSeconds / daySeconds;
			expect(Math.max(...kept)).toBeGreaterThan(queueDays + limits.deferralDaysMax + queueDays);
		});

		test('S3 itself announces images, without a function that CDK would add', () => {
			templates[kind].hasResourceProperties('AWS::S3::Bucket', {
				NotificationConfiguration: { QueueConfigurations: [Match.objectLike({ Event: 's3:ObjectCreated:*' })] },
			});
			expect(Object.keys(templates[kind].findResources('Custom::S3BucketNotifications'))).toEqual([]);
		});

		test('S3 itself announces a drop that is done and the outcomes of a batch, each to a topic, and nothing else of the results', () => {
			const speaksOf = (folder: string) => {
				const named = { Properties: { TopicName: `budgetnet-${folder}` } };
				const [Ref = ''] = Object.keys(templates[kind].findResources('AWS::SNS::Topic', named));
				const Filter = { S3Key: { Rules: [{ Name: 'prefix', Value: `${folder}/` }] } };
				return { Event: 's3:ObjectCreated:*', Topic: { Ref }, Filter };
			};
			templates[kind].hasResourceProperties('AWS::S3::Bucket', {
				NotificationConfiguration: { TopicConfigurations: [speaksOf('drops'), speaksOf('outcomes')] },
			});
			for (const output of ['DropsTopicArn', 'OutcomesTopicArn']) templates[kind].hasOutput(output, {});
		});

		test('a queue keeps its dead letters longer than its messages, and is encrypted so that S3 may send', () => {
			const queues = templates[kind].findResources('AWS::SQS::Queue');
			const sources = Object.values(queues).filter(({ Properties }) => Properties.RedrivePolicy);
			expect(sources.map(({ Properties }) => Properties.QueueName).sort()).toEqual(
				['batches', 'image-events', 'plans', 'reports'].map((name) => `budgetnet-${name}`),
			);
			for (const { Properties } of sources) {
				const dead = queues[Properties.RedrivePolicy.deadLetterTargetArn['Fn::GetAtt'][0]]?.Properties;
				expect(dead.QueueName).toBe(`${Properties.QueueName}-dead`);
				expect(dead.MessageRetentionPeriod).toBeGreaterThan(Properties.MessageRetentionPeriod);
			}
			templates[kind].allResourcesProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true });
		});

		test('the tables are those of the emulators, with point-in-time recovery and deletion protection', () => {
			for (const definition of tableDefinitions('budgetnet')) {
				const { TableName, KeySchema, AttributeDefinitions, BillingMode } = definition;
				templates[kind].hasResource('AWS::DynamoDB::Table', {
					DeletionPolicy: 'Retain',
					Properties: Match.objectLike({
						TableName,
						KeySchema,
						AttributeDefinitions,
						BillingMode,
						PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
						DeletionProtectionEnabled: true,
					}),
				});
			}
			templates[kind].resourceCountIs('AWS::DynamoDB::Table', 3);
		});
	});

	test('retention: dead letters of batches, whose messages live four days, are kept for ten more', () => {
		templates.cpu.hasResourceProperties('AWS::SQS::Queue', {
			QueueName: 'budgetnet-batches',
			MessageRetentionPeriod: limits.batchRetentionSeconds,
		});
		templates.cpu.hasResourceProperties('AWS::SQS::Queue', {
			QueueName: 'budgetnet-batches-dead',
			MessageRetentionPeriod: limits.batchRetentionSeconds + 10 * daySeconds,
		});
	});
}
