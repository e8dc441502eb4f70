/** Names of what a system consists of: the embedded cloud's parts, and the stack's. */
export interface Resources {
	imagesBucket: string;
	resultsBucket: string;
	tablePrefix: string;
	imageEventsUrl: string;
	batchesUrl: string;
	reportsUrl: string;
	/** Batches whose planning the planner is to finish. */
	plansUrl: string;
	/** Batches that no worker could run. */
	batchesDeadUrl: string;
}
