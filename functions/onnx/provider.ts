import './no-telemetry.ts';

import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { limits } from '../core/limits.ts';
import type { ModelCard } from '../core/package.ts';

/** What runs the graphs. */
export type Provider = 'cuda' | 'cpu';

/**
 * A core runs 16 small images at once as fast as 64; of large ones fewer, which bounds their memory; a GPU needs more.
 */
const chunks = {
	cpu: { images: limits.chunkImages, pixels: limits.chunkImages * 64 * 64 },
	cuda: { images: 256, pixels: 256 * 96 * 96 },
};

/** How many images run through a session at once: a power of two. */
export function chunkImagesOf(provider: Provider, { input }: Pick<ModelCard, 'input'>): number {
	const { images, pixels } = chunks[provider];
	const most = Math.min(images, pixels / (input.width * input.height));
	return 2 ** Math.floor(Math.log2(Math.max(1, most)));
}

/**
 * How many images a session is given to run `images` of them. For every new shape, cuDNN searches for the fastest
 * algorithm, which takes longer than the run: on CUDA, a remainder is filled up to a power of two.
 */
export function shapeImagesOf(provider: Provider, images: number): number {
	return provider === 'cuda' ? 2 ** Math.ceil(Math.log2(images)) : images;
}

/**
 * The graph y = Conv(x, 2) over one float32, as an ONNX file (IR 8, opset 17): a convolution, because onnxruntime loads
 * cuDNN only when the first one needs it; without one, the session would also run on a CUDA that cannot run any
 * network.
 */
const tinyGraph = Buffer.from(
	'08083a610a0f0a01780a01771201792204436f6e761201672a110a040101010110014201774a04000000405a1b0a017812160a14080112100a0208010a' +
		'0208010a0208010a020801621b0a017912160a14080112100a0208010a0208010a0208010a02080142021011',
	'hex',
);

/** The folder of onnxruntime's own libraries, where its CUDA provider would be. */
function librariesFolder(): string | undefined {
	const bin = new URL('../bin/', pathToFileURL(createRequire(import.meta.url).resolve('onnxruntime-node')));
	const binding = readdirSync(bin).find((name) => name.startsWith('napi-'));
	return binding && fileURLToPath(new URL(`${binding}/${platform}/${arch}`, bin));
}

/** Without these files there is no need to ask onnxruntime, which would print errors of its own. */
function hasCudaFiles(folder: string | undefined): boolean {
	if (!folder) return false;
	return ['libonnxruntime_providers_cuda.so', 'onnxruntime_providers_cuda.dll'].some((name) =>
		existsSync(`${folder}/${name}`),
	);
}

/**
 * Which provider works on this machine, by trying: CUDA if its files are there and a session really runs on it, else
 * the CPU. Loading CUDA takes seconds and blocks, so call it in the inference thread. Never throws for lack of CUDA.
 * @param folder where onnxruntime's libraries are
 */
export async function probeProvider(folder: string | undefined = librariesFolder()): Promise<Provider> {
	return hasCudaFiles(folder) && (await runsOn('cuda')) ? 'cuda' : 'cpu';
}

/** Whether the tiny graph runs on a provider. */
export async function runsOn(provider: Provider): Promise<boolean> {
	try {
		const session = await InferenceSession.create(tinyGraph, { executionProviders: [provider], logSeverityLevel: 4 });
		const { y } = await session.run({ x: new Tensor('float32', [-1], [1, 1, 1, 1]) });
		await session.release();
		return y?.data[0] === -2;
	} catch {
		return false; // no driver, no device, or libraries that do not fit: all mean the CPU
	}
}
