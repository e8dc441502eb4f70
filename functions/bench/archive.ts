import { PutObjectCommand } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { buildTar, buildZip } from '../archive/testing/build.ts';
import { limits } from '../core/limits.ts';
import { limitForShare } from '../core/quota.ts';
import { type Host, startHost } from '../local/host.ts';
import { untilAccounted } from '../local/tally.ts';
import type { Inference } from '../onnx/client.ts';

const share = 0.5;
const batches = 1000;

/** From the first drop to the last settled report, in the embedded cloud, at half of the full MACs. */
export interface Speed {
	images: number;
	imagesPerSecond: number;
	/** Of the whole process, emulators included: the same even on a machine that is busy with other things. */
	imagesPerCpuSecond: number;
}

export interface ArchiveSpeeds {
	singleFiles: Speed;
	zip: Speed;
	tar: Speed;
}

interface File {
	name: string;
	content: Uint8Array;
}

/**
 * Drops the same images as single files, as one zip and as one tar, one after the other into one embedded cloud.
 * @param pictures repeated until there are `images`
 * @param singles how many of them are dropped as single files
 * @param inference in place of the model's own, to see what everything else costs without the network
 */
export async function measureArchives(options: {
	packageFolder: string;
	pictures: readonly Uint8Array[];
	images: number;
	singles: number;
	inference?: Inference;
	onMeasured: (what: string, speed: Speed) => void;
}): Promise<ArchiveSpeeds> {
	const { packageFolder, pictures, images, singles, inference, onMeasured } = options;
	const files = Array.from({ length: images }, (_, i): File => {
		return { name: `${String(i).padStart(6, '0')}.png`, content: pictures[i % pictures.length] as Uint8Array };
	});
	const zip = await buildZip(files);
	const tar = await buildTar(files);
	const host = await startHost({
		packageFolder,
		batchImagesMax: limits.batchImagesDefault,
		windowMs: 500,
		log: () => undefined,
		...(inference ? { inference } : {}),
	});
	try {
		const time = async (what: string, count: number, drops: readonly File[]) => {
			const speed = await timeDrop(host, what, count, drops);
			onMeasured(what, speed);
			return speed;
		};
		return {
			singleFiles: await time('single-files', singles, files.slice(0, singles)),
			zip: await time('zip', images, [{ name: 'all.zip', content: zip }]),
			tar: await time('tar', images, [{ name: 'all.tar', content: tar }]),
		};
	} finally {
		await host.close();
	}
}

async function timeDrop(host: Host, tenant: string, images: number, drops: readonly File[]): Promise<Speed> {
	const { card } = host.model;
	const limitNanoUsd = limitForShare({ card, price: host.price, images, share, batches });
	await host.ledger.setQuota({ tenant, limitNanoUsd, countedImages: images }, Date.now());
	const put = ({ name, content }: File) =>
		host.clients.s3.send(
			new PutObjectCommand({ Bucket: host.resources.imagesBucket, Key: `${tenant}/${name}`, Body: content }),
		);
	const startedMs = performance.now();
	const startedCpu = process.cpuUsage();
	await Promise.all([
		pMap(drops, put, { concurrency: limits.uploadConcurrency }),
		untilAccounted(host, new Map([[tenant, images]]), () => undefined),
	]);
	const { user, system } = process.cpuUsage(startedCpu);
	return {
		images,
		imagesPerSecond: (1000 * images) / (performance.now() - startedMs),
		imagesPerCpuSecond: (1e6 * images) / (user + system),
	};
}
