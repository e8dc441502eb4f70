import type { Template } from 'aws-cdk-lib/assertions';
import { synthesise } from './synthesise.ts';

/** The stack with each kind of workers. */
export const kinds = ['cpu', 'gpu'] as const;
export type Templates = Record<(typeof kinds)[number] | 'private', Template>;

/** The stack as it is without settings, with GPU workers, and in a network without a way out. */
export function synthesiseAll(): Templates {
	return {
		cpu: synthesise({}),
		gpu: synthesise({ workers: 'gpu', alarmEmail: 'ops@example.org' }),
		private: synthesise({
			workers: 'gpu',
			privateNetwork: true,
			windowSeconds: 300,
			retentionDays: 3650,
			imageRetentionDays: 130,
		}),
	};
}
