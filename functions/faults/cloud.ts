import { PutObjectCommand } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { limits } from '../core/limits.ts';
import type { ModelCard } from '../core/package.ts';
import { startEmbeddedCloud } from '../local/cloud.ts';
import { createHandlers } from '../local/handlers.ts';

const tenant = 'acme';

/** An embedded cloud in which nobody is at work yet, and one tenant whose quota never stops it. */
export async function startCloud(card: ModelCard, visibilitySeconds: number) {
	const cloud = await startEmbeddedCloud(visibilitySeconds);
	const { clients, resources } = cloud;
	const bounds = { batchImagesMax: 1, planningSecondsMax: 1 };
	const stores = createHandlers(clients, resources, { card, ...bounds, log: () => undefined });
	await stores.ledger.setQuota({ tenant, limitNanoUsd: Number.MAX_SAFE_INTEGER, expectedImages: 0 }, Date.now());
	return {
		...cloud,
		tenant,
		stores,
		/** Drops a picture so many times. @returns the keys */
		async drop(picture: Uint8Array, images: number): Promise<string[]> {
			const keys = Array.from({ length: images }, (_, i) => `${tenant}/${i}.png`);
			const put = (Key: string) =>
				clients.s3.send(new PutObjectCommand({ Bucket: resources.imagesBucket, Key, Body: picture }));
			await pMap(keys, put, { concurrency: limits.uploadConcurrency });
			return keys;
		},
	};
}
