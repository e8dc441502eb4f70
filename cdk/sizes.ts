import { limits } from '../functions/core/limits.ts';

/** Numbers of the stack that its cost and its preflight use too: kept plain, so that these need not load CDK. */

const queueDays = Math.ceil(limits.batchRetentionSeconds / (24 * 3600));
/**
 * The longest that an image's first run may still need the dropped version: its event waits in a queue, its batch for
 * money, then in a queue for a worker; plus one day.
 */
export const imageNeededDays = queueDays + limits.deferralDaysMax + queueDays + 1;
/** What became of the last image of a batch can be read, and run again, for at least a month. */
export const retentionDaysMin = imageNeededDays + 31;

/** Between two sweeps. */
export const sweepMinutes = 5;
/**
 * Between two searches for lost events: less often, because a search asks for every image in the bucket (docs/cost.md),
 * and S3 hardly ever loses an event.
 */
export const lostEventHours = 6;
/**
 * The most invocations at once that a queue drives: planners of one tenant contend for one account, and this many do
 * not wear each other out.
 */
export const invocationsPerQueueMax = 10;
/** Queues that drive functions. */
export const drivingQueues = 4;
/** Functions on a schedule: one invocation at a time each. */
export const scheduledFunctions = 2;
/** Memory of a function, unless it needs more; its share of a core grows with it: 1769 MiB give a whole one. */
export const functionMemoryMib = 512;
/** The largest list of entries (`limits.entryListBytesMax`) is written and read again in some 600 MiB. */
export const resumerMemoryMib = 1769;
/** CPU units of a task, as ECS counts them. */
export const cpuUnitsPerVcpu = 1024;
/** Zones that the workers' network spans. */
export const zonesMax = 2;
/** What workers in private subnets reach by interface endpoints (network.ts), which cost by the hour and zone. */
export const interfaceEndpoints = ['EcrApi', 'EcrDocker', 'Logs', 'Sqs', 'Ecs', 'EcsAgent', 'EcsTelemetry'] as const;
/** How many minutes in a row without any batch end the last worker: a start costs more than a short wait. */
export const emptyMinutes = 5;
