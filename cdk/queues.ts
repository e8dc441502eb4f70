import { Duration } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { deadOf, namesOf } from '../functions/aws/names.ts';
import { limits } from '../functions/core/limits.ts';

/** A queue, and where its messages go when they could not be handled. */
export interface QueuePair {
	queue: Queue;
	dead: Queue;
}

/** What a queue needs to know: how long its consumer may take, and how often it may fail. */
interface QueueOptions {
	visibility: Duration;
	receivesMax: number;
	deadVisibility?: Duration;
}

/** Lambda asks for a visibility time-out of six times the function's time-out. */
const visibilityOfFunction = (timeout: Duration): Duration => Duration.seconds(6 * timeout.toSeconds());

/** The four queues and their dead-letter queues, encrypted by SQS itself, so that S3 may send to them; TLS only. */
export class Queues extends Construct {
	readonly imageEvents: QueuePair;
	readonly plans: QueuePair;
	readonly batches: QueuePair;
	readonly reports: QueuePair;

	constructor(scope: Construct, id: string, { name, functionTimeout }: { name: string; functionTimeout: Duration }) {
		super(scope, id);
		const names = namesOf(name);
		const visibility = visibilityOfFunction(functionTimeout);
		this.imageEvents = this.pair('ImageEvents', names.imageEvents, {
			visibility,
			receivesMax: limits.eventReceivesMax,
		});
		this.plans = this.pair('Plans', names.plans, { visibility, receivesMax: limits.eventReceivesMax });
		this.reports = this.pair('Reports', names.reports, { visibility, receivesMax: limits.reportReceivesMax });
		this.batches = this.pair('Batches', names.batches, {
			visibility: Duration.seconds(limits.visibilitySeconds), // a worker renews it while it runs
			receivesMax: limits.batchReceivesMax,
			deadVisibility: visibility, // a function takes the dead letters
		});
	}

	/** All of them, each with its dead-letter queue. */
	get pairs(): QueuePair[] {
		return [this.imageEvents, this.plans, this.batches, this.reports];
	}

	private pair(
		id: string,
		queueName: string,
		{ visibility, receivesMax, deadVisibility = visibility }: QueueOptions,
	): QueuePair {
		const common = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true };
		const dead = new Queue(this, `${id}Dead`, {
			...common,
			queueName: deadOf(queueName),
			retentionPeriod: Duration.seconds(limits.deadLetterRetentionSeconds),
			visibilityTimeout: deadVisibility,
		});
		const queue = new Queue(this, id, {
			...common,
			queueName,
			visibilityTimeout: visibility,
			retentionPeriod: Duration.seconds(limits.batchRetentionSeconds),
			deadLetterQueue: { queue: dead, maxReceiveCount: receivesMax },
		});
		return { queue, dead };
	}
}
