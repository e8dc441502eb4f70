/** Names of a system's resources: those of the embedded cloud, or of the stack. */
export interface Resources {
	imagesBucket: string;
	resultsBucket: string;
	tablePrefix: string;
	imageEventsUrl: string;
	batchesUrl: string;
	reportsUrl: string;
	/** Batches that the planner has still to finish planning. */
	plansUrl: string;
	/** Batches that no worker could run. */
	batchesDeadUrl: string;
}
