import type { ModelCard } from '../core/package.ts';

/** All that the demo's page shows. Accuracy and share count labelled images, from 0 to 1. */
export interface DemoPage {
	card: ModelCard;
	/** In words: "2 cores, AMD EPYC, CPU". */
	machine: string;
	tenants: {
		tenant: string;
		/** In words: "25 % of full quality". */
		quota: string;
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
	}[];
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
