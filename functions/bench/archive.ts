import { PutObjectCommand } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { buildTar, buildZip } from '../archive/testing/build.ts';
import { limitForShare } from '../core/quota.ts';
import { type Host, startHost } from '../local/host.ts';
import { untilAccounted } from '../local/tally.ts';
import type { Inference } from '../onnx/client.ts';

const share = 0.5;
const batches = 1000;
const uploadConcurrency = 16;

/** Images a second from the first drop to the last settled report, in the embedded cloud, at half of the full MACs. */
export interface ArchiveSpeeds {
	images: number;
	singleFiles: number;
	zip: number;
	tar: number;
}

interface File {
	name: string;
	content: Uint8Array;
}

/**
 * Drops the same images as single files, as one zip and as one tar, one after the other into one embedded cloud.
 * @param pictures repeated until there are `images`
 * @param inference instead of the model's own, to see what the way costs without the network
 */
export async function measureArchives(options: {
	packageFolder: string;
	pictures: readonly Uint8Array[];
	images: number;
	inference?: Inference;
}): Promise<ArchiveSpeeds> {
	const { packageFolder, pictures, images, inference } = options;
	const files = Array.from({ length: images }, (_, i): File => {
		return { name: `${String(i).padStart(6, '0')}.png`, content: pictures[i % pictures.length] as Uint8Array };
	});
	const [zip, tar] = [await buildZip(files), await buildTar(files)];
	const host = await startHost({
		...{ packageFolder, batchImagesMax: 512, windowMs: 500, log: () => undefined },
		...(inference ? { inference } : {}),
	});
	try {
		return {
			images,
			singleFiles: await timeDrop(host, 'singles', images, files),
			zip: await timeDrop(host, 'zip', images, [{ name: 'all.zip', content: zip }]),
			tar: await timeDrop(host, 'tar', images, [{ name: 'all.tar', content: tar }]),
		};
	} finally {
		await host.close();
	}
}

async function timeDrop(host: Host, tenant: string, images: number, drops: readonly File[]): Promise<number> {
	const { card } = host.model;
	const limitNanoUsd = limitForShare({ card, price: host.price, images, share, batches });
	await host.ledger.setQuota({ tenant, limitNanoUsd, expectedImages: images }, Date.now());
	const put = ({ name, content }: File) =>
		host.clients.s3.send(
			new PutObjectCommand({ Bucket: host.resources.imagesBucket, Key: `${tenant}/${name}`, Body: content }),
		);
	const startedMs = performance.now();
	await Promise.all([
		pMap(drops, put, { concurrency: uploadConcurrency }),
		untilAccounted(host, new Map([[tenant, images]]), () => undefined),
	]);
	return (1000 * images) / (performance.now() - startedMs);
}
