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
