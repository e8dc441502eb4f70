/** Emulators all have this account; some answer with host names that not every resolver knows. */
export const emulatedAccount = '000000000000';

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
