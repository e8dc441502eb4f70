/** All emulators use this account; some answer with host names that not every resolver knows. */
export const emulatedAccount = '000000000000';

/** The name of a queue's dead-letter queue, from the queue's name or URL. */
export function deadOf(queue: string): string {
	return `${queue}-dead`;
}

/** The names of all resources. */
export function namesOf(prefix: string) {
	return {
		imagesBucket: `${prefix}-images`,
		resultsBucket: `${prefix}-results`,
		imageEvents: `${prefix}-image-events`,
		batches: `${prefix}-batches`,
		reports: `${prefix}-reports`,
		plans: `${prefix}-plans`,
	};
}
