import type { ModelCard } from '../core/package.ts';

/** One line of demo-output/summary.json; accuracy and share from 0 to 1, over labelled images. */
export interface TenantSummary {
	tenant: string;
	images: number;
	labelled: number;
	failed: number;
	deferred: number;
	accuracy: number;
	share: number;
	budgetMacs: number;
	consumedMacs: number;
	limitNanoUsd: number;
	spentNanoUsd: number;
	imagesPerSecond: number;
}

/** All that the demo's page shows. */
export interface DemoPage {
	card: ModelCard;
	/** In words: "2 cores, AMD EPYC, CPU". */
	machine: string;
	/** Each with its quota in words: "25 % of full quality". */
	tenants: (TenantSummary & { quota: string })[];
	batches: {
		tenant: string;
		batchId: string;
		images: number;
		budgetMacs: number;
		consumedMacs: number;
		policies: Record<string, { labels: number; runs: number }>;
	}[];
	/** Images that left early, and images that got everything. */
	examples: {
		/** Id of the last policy that ran. */
		policy: string;
		policies: string[];
		label: string;
		truth: string;
		confidence: number;
		png: Uint8Array;
	}[];
}
