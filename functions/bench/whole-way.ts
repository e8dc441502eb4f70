import { limits } from '../core/limits.ts';
import { limitForShare } from '../core/quota.ts';
import { dropFiles, listFiles } from '../local/drop.ts';
import { startHost } from '../local/host.ts';
import { untilAccounted } from '../local/tally.ts';

const tenant = 'bench';
const share = 0.5;

/** Images a second from the first drop to the last settled report, in the embedded cloud, at half of the full MACs. */
export async function measureWholeWay(packageFolder: string, folder: string): Promise<number> {
	const files = await listFiles(folder);
	const host = await startHost({
		packageFolder,
		batchImagesMax: limits.batchImagesDefault,
		windowMs: 500,
		log: () => undefined,
	});
	try {
		const limitNanoUsd = limitForShare({
			card: host.model.card,
			price: host.price,
			images: files.length,
			share,
			batches: 100,
		});
		await host.ledger.setQuota({ tenant, limitNanoUsd, countedImages: files.length }, Date.now());
		const startedMs = performance.now();
		await Promise.all([
			dropFiles(host, tenant, folder, files),
			untilAccounted(host, new Map([[tenant, files.length]]), () => undefined),
		]);
		return (1000 * files.length) / (performance.now() - startedMs);
	} finally {
		await host.close();
	}
}
