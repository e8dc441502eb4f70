/** Emulators all have this account; some answer with host names that not every resolver knows. */
export const emulatedAccount = '000000000000';

/** What the queue of a queue's dead letters is called, by that one's name or URL. */
export function deadOf(queue: string): string {
	return `${queue}-dead`;
}

/** What everything is called. */
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
