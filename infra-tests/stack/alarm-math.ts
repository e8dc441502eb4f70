import type { Template } from 'aws-cdk-lib/assertions';

/** What CloudWatch knows in a period, by the names of metrics; a metric that is left out has no data. */
export type Known = Partial<Record<string, number>>;

interface Query {
	Id: string;
	Expression?: string;
	MetricStat?: { Metric: { MetricName: string } };
}

const isKnown = (value: number | undefined): value is number => value !== undefined && !Number.isNaN(value);

/** The functions of metric math that the stack's scaling and alarms use. SUM and MAX skip what has no value. */
const functions: Record<string, (...values: never[]) => number> = {
	SUM: (list: number[]) => list.filter(isKnown).reduce((sum, value) => sum + value, 0),
	MAX: (list: number[]) => Math.max(...list.filter(isKnown)),
	CEIL: (value: number) => Math.ceil(value),
	IF: (condition: boolean, yes: number, no: number) => (condition ? yes : no),
};

/** The value of a stack's alarm, computed by its expressions from the metrics in `known`. */
export function alarmValue(template: Template, alarmName: string, known: Known): number {
	const [alarm] = Object.values(
		template.findResources('AWS::CloudWatch::Alarm', { Properties: { AlarmName: alarmName } }),
	);
	const queries: Query[] = alarm?.Properties.Metrics;
	const computed = ({ MetricStat, Expression }: Query): number => {
		if (MetricStat) return known[MetricStat.Metric.MetricName] ?? Number.NaN;
		const used = queries.filter(({ Id }) => new RegExp(`\\b${Id}\\b`).test(String(Expression)));
		const code = String(Expression).replaceAll(' AND ', ' && ');
		const compute = new Function(...Object.keys(functions), ...used.map(({ Id }) => Id), `return ${code}`);
		return compute(...Object.values(functions), ...used.map(computed));
	};
	return computed(queries[0] as Query);
}

interface Step {
	MetricIntervalLowerBound?: number;
	MetricIntervalUpperBound?: number;
	ScalingAdjustment: number;
}

/** The number of workers that a policy sets when its alarm's value is so far above the threshold. */
export function workersAt(template: Template, policyName: string, above: number): number | undefined {
	const [policy] = Object.values(
		template.findResources('AWS::ApplicationAutoScaling::ScalingPolicy', { Properties: { PolicyName: policyName } }),
	);
	const steps: Step[] = policy?.Properties.StepScalingPolicyConfiguration.StepAdjustments;
	return steps.find(
		({
			MetricIntervalLowerBound: from = Number.NEGATIVE_INFINITY,
			MetricIntervalUpperBound: to = Number.POSITIVE_INFINITY,
		}) => from <= above && above < to,
	)?.ScalingAdjustment;
}
