import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { limits } from '../functions/core/limits.ts';
import { errorsOf, failing, measured, noProgress } from './alarm-metrics.ts';
import { backlogOf } from './backlog.ts';
import type { HandlerFunction } from './function.ts';
import type { Queues } from './queues.ts';

export interface AlarmsProps {
	name: string;
	queues: Queues;
	functions: HandlerFunction[];
	topic: Topic;
}

/**
 * A batch that has waited for so long, now for something else than money, has been forgotten: a queue of its tenant's
 * others takes hours.
 */
const deferralAlarm = Duration.hours(12);
/**
 * So long before the images fail that waited for money, somebody should ask whether the quota is meant to be that
 * small.
 */
const unpaidNotice = Duration.days(10);
const fiveMinutes = Duration.minutes(5);
const quarterHour = Duration.minutes(15);
const hour = Duration.hours(1);

/** When an alarm speaks. */
type When = ({ above: number } | { below: number }) & {
	/** How many in a row; without it one. */
	periods?: number;
	/** Of these; without it all. */
	atLeast?: number;
	/** What no data means; without it that all is well. */
	missing?: TreatMissingData;
};

/** Each alarm is explained, with what to do, in docs/operators.md; a test holds the two together. */
export class Alarms extends Construct {
	private readonly props: AlarmsProps;

	constructor(scope: Construct, id: string, props: AlarmsProps) {
		super(scope, id);
		this.props = props;
		this.addQueues();
		this.addStuck();
		this.addSweeperQuiet();
		// What fails of a message is no error of its function: only crashes and time-outs are. A sweep that fails does so
		// three times in this time, and the search for lost events, which is made four times a day, is run three times by
		// Lambda.
		this.add('errors', 'A function failed again and again', errorsOf(this.props.functions), { above: 1 });
	}

	/** Whatever the sweeper measures says nothing while it does not run, and then those alarms count all as well. */
	private addSweeperQuiet(): void {
		const sweeps = measured(this.props.name, 'BatchesInFlight', 'SampleCount'); // of each sweep one
		const when = { below: 1, periods: 2, missing: TreatMissingData.BREACHING };
		this.add('sweeper-quiet', 'No sweep has measured anything for half an hour', sweeps, when);
	}

	private addQueues(): void {
		const { queues } = this.props;
		const ofFunctions = { 'image-events': queues.imageEvents, plans: queues.plans, reports: queues.reports };
		for (const [name, { queue, dead }] of Object.entries(ofFunctions)) {
			const left = dead.metricApproximateNumberOfMessagesVisible({ period: fiveMinutes, statistic: 'Maximum' });
			this.add(`${name}-dead`, `Messages of queue ${name} could not be handled`, left, { above: 0 });
			const age = queue.metricApproximateAgeOfOldestMessage({ period: quarterHour, statistic: 'Maximum' });
			this.add(`${name}-old`, `Messages of queue ${name} are not taken up`, age, { above: hour.toSeconds() });
		}
		// A function takes these as they come, and one that fails leaves them in flight: seldom is any visible. Twice means
		// that they stay.
		const stay = backlogOf(queues.batches.dead, fiveMinutes, 'Minimum');
		this.add('batches-dead', 'Batches that no worker could run could not be given up', stay, { above: 0, periods: 2 });
	}

	private addStuck(): void {
		const { name, queues } = this.props;
		this.addDeferred();
		// The sweeper sends to the planner again what has no living one after a quarter of an hour.
		const claiming = measured(name, 'OldestClaimingAge', 'Maximum');
		this.add('planning-long', 'A batch is not planned to the end', claiming, { above: hour.toSeconds() });
		this.add(
			'reservations-stuck',
			'Batches are past their deadline and hold their reservation',
			measured(name, 'BatchesOverdue', 'Maximum'),
			// The sweeper gives such a batch up at once, so seen again and again it cannot. Where more wait than one sweep
			// looks at, each sees others: not every one sees it.
			{ above: 0, periods: 12, atLeast: 3 },
		);
		// One that cannot be looked at now can be in the next sweep, where a store was slow: only what stays is told of.
		const faults = measured(name, 'SweepFaults', 'Sum');
		this.add('sweep-faults', 'Batches or drops cannot be looked at', faults, { above: 0, periods: 4 });
		// Batches that run beside two others may take an hour and a half (limits.batchRunSecondsMax).
		const none = noProgress(name, queues.batches.queue);
		this.add('no-progress', 'Batches wait and none is finished', none, { above: 0, periods: 7 });
		this.add('images-failing', 'More images fail than are labelled', failing(name), { above: 0 });
		const givenUp = measured(name, 'ImagesGivenUp', 'Sum');
		this.add('images-given-up', 'Images failed because no worker could run their batch', givenUp, { above: 0 });
	}

	private addDeferred(): void {
		const { name } = this.props;
		// Two hours: what waited for money for weeks is that old when there is some again, and then waits for its turn.
		const deferred = { above: deferralAlarm.toSeconds(), periods: 8 };
		const oldest = measured(name, 'OldestDeferredAge', 'Maximum');
		this.add('deferred-long', 'A batch waits for long, and not for money', oldest, deferred);
		const unpaidSeconds = Duration.days(limits.deferralDaysMax).toSeconds() - unpaidNotice.toSeconds();
		const unpaid = measured(name, 'OldestUnpaidAge', 'Maximum');
		this.add('unpaid-long', 'Images that wait for money are about to fail', unpaid, { above: unpaidSeconds });
	}

	private add(id: string, meaning: string, metric: IMetric, when: When): void {
		const [threshold, comparisonOperator] =
			'above' in when
				? [when.above, ComparisonOperator.GREATER_THAN_THRESHOLD]
				: [when.below, ComparisonOperator.LESS_THAN_THRESHOLD];
		const alarm = new Alarm(this, id, {
			alarmName: `${this.props.name}-${id}`,
			alarmDescription: `${meaning}. What to do: docs/operators.md, ${id}`,
			metric,
			threshold,
			comparisonOperator,
			evaluationPeriods: when.periods ?? 1,
			datapointsToAlarm: when.atLeast,
			treatMissingData: when.missing ?? TreatMissingData.NOT_BREACHING,
		});
		alarm.addAlarmAction(new SnsAction(this.props.topic));
	}
}
