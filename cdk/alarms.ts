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
 * A batch that has waited for this long, and now for something other than money, has been forgotten: the queue of its
 * tenant's other batches takes hours.
 */
const deferralAlarm = Duration.hours(12);
/**
 * This long before images that wait for money fail, somebody should ask whether the quota is meant to be that small.
 */
const unpaidNotice = Duration.days(10);
const fiveMinutes = Duration.minutes(5);
const quarterHour = Duration.minutes(15);
const hour = Duration.hours(1);

/** When an alarm fires. */
type When = ({ above: number } | { below: number }) & {
	/** How many periods in a row; by default one. */
	periods?: number;
	/** How many of these must be beyond the threshold; by default all. */
	atLeast?: number;
	/** What missing data mean; by default that all is well. */
	missing?: TreatMissingData;
};

/** Each alarm is explained, with what to do, in docs/operators.md; a test keeps the two consistent. */
export class Alarms extends Construct {
	private readonly props: AlarmsProps;

	constructor(scope: Construct, id: string, props: AlarmsProps) {
		super(scope, id);
		this.props = props;
		this.addQueues();
		this.addStuck();
		this.addSweeperQuiet();
		// A message that fails is not an error of its function: only crashes and time-outs are. A failing sweep fails three
		// times in this period; a failing search for lost events, which is made four times a day, is run three times by
		// Lambda.
		this.add('errors', 'Functions failed repeatedly', errorsOf(this.props.functions), { above: 1 });
	}

	/** While the sweeper does not run, its metrics have no data, and the alarms on them count that as healthy. */
	private addSweeperQuiet(): void {
		const sweeps = measured(this.props.name, 'BatchesInFlight', 'SampleCount'); // one of each sweep
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
			this.add(`${name}-old`, `Messages of queue ${name} have waited for more than an hour`, age, {
				above: hour.toSeconds(),
			});
		}
		// A function receives these as they come, and if it fails they stay in flight: they are seldom visible. Seen twice
		// means that they stay.
		const stay = backlogOf(queues.batches.dead, fiveMinutes, 'Minimum');
		this.add('batches-dead', 'Batches that no worker could run could not be given up', stay, { above: 0, periods: 2 });
	}

	private addStuck(): void {
		const { name, queues } = this.props;
		this.addDeferred();
		// A batch without a living planner is sent to the planner again by the sweeper after a quarter of an hour.
		const claiming = measured(name, 'OldestClaimingAge', 'Maximum');
		this.add('planning-long', 'The planning of a batch does not finish', claiming, { above: hour.toSeconds() });
		this.add(
			'reservations-stuck',
			'Batches are past their deadline and hold their reservation',
			measured(name, 'BatchesOverdue', 'Maximum'),
			// The sweeper gives such a batch up at once, so if it sees one again and again, it cannot do so. Where more wait
			// than one sweep examines, each sweep sees others: not every one sees it.
			{ above: 0, periods: 12, atLeast: 3 },
		);
		// What cannot be examined now because a store is slow can be in the next sweep: only what stays is reported.
		const faults = measured(name, 'SweepFaults', 'Sum');
		this.add('sweep-faults', 'Batches or drops cannot be examined', faults, { above: 0, periods: 4 });
		// Batches that run beside two others may take an hour and a half (limits.batchRunSecondsMax).
		const none = noProgress(name, queues.batches.queue);
		this.add('no-progress', 'Batches wait and none is finished', none, { above: 0, periods: 7 });
		this.add('images-failing', 'More images fail than are labelled', failing(name), { above: 0 });
		const givenUp = measured(name, 'ImagesGivenUp', 'Sum');
		this.add('images-given-up', 'Images failed because no worker could run their batch', givenUp, { above: 0 });
	}

	private addDeferred(): void {
		const { name } = this.props;
		// Two hours: a batch that waited weeks for money is already that old when there is some again, and then waits for
		// its turn.
		const deferred = { above: deferralAlarm.toSeconds(), periods: 8 };
		const oldest = measured(name, 'OldestDeferredAge', 'Maximum');
		this.add('deferred-long', 'A batch has waited for a long time, and not for money', oldest, deferred);
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
