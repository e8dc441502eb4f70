import './no-telemetry.ts';

import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { assert, BudgetNetError, messageOf } from '../core/errors.ts';
import { pixelBytes } from '../core/package.ts';
import { type AgentSession, openAgent } from './agent-session.ts';
import type { RunAnswer } from './messages.ts';
import { mirror } from './mirror.ts';
import { openGraph } from './open-graph.ts';
import type { ModelPackage } from './package-files.ts';
import { chunkImagesOf, type Provider, shapeImagesOf } from './provider.ts';

/** The policies and the agent of one package, ready to run. One call at a time; each blocks its thread. */
export interface Sessions {
	/**
	 * @param policy index into the card's policies
	 * @param pixels uint8, images x height x width x 3; a mirrored policy mirrors them itself, and answers for that view
	 * alone
	 * @throws BudgetNetError `invalid`: the graph does not load; `internal`: it does not run
	 */
	run(policy: number, pixels: Uint8Array, images: number): Promise<RunAnswer>;
	/** Frees the sessions, idle ones only: releasing one that runs aborts the process. */
	release(): Promise<void>;
}

/** A tensor of this shape, filled with `pixels` from the first image on; the remaining images are black. */
function tensorOf(pixels: Uint8Array, shape: [number, number, number, number]): Tensor {
	const bytes = shape.reduce((product, length) => product * length, 1);
	if (pixels.length === bytes) return new Tensor('uint8', pixels, shape);
	const filled = new Uint8Array(bytes);
	filled.set(pixels);
	return new Tensor('uint8', filled, shape);
}

/** Opens a package's policies lazily: a session costs milliseconds and memory, and a batch needs few of them. */
export function openSessions(pkg: ModelPackage, provider: Provider, threads: number): Sessions {
	const { card } = pkg;
	const imageBytes = pixelBytes(card.input);
	const opened = new Map<string, InferenceSession>();
	let agent: AgentSession | undefined;

	function fileOf(policy: number): string {
		const file = card.policies[policy]?.file;
		assert(file !== undefined, `package ${card.name} has no policy ${policy}`);
		return file;
	}

	async function open(file: string): Promise<InferenceSession> {
		const ready = opened.get(file);
		if (ready) return ready;
		const session = await openGraph(pkg, file, provider, threads);
		opened.set(file, session);
		return session;
	}

	async function runChunk(session: InferenceSession, file: string, pixels: Uint8Array, images: number) {
		const { height, width, name } = card.input;
		const output = session.outputNames[0] as string;
		const answer = await session
			.run({ [name]: tensorOf(pixels, [images, height, width, 3]) }, [output])
			.catch((error) => {
				const what = `package ${card.name}, ${file} does not run on ${images} images (its first axis must be dynamic)`;
				throw new BudgetNetError('internal', `${what}: ${messageOf(error)}`, { cause: error });
			});
		const logits = answer[output]?.data;
		assert(
			logits instanceof Float32Array && logits.length === images * card.classes.length,
			`package ${card.name}: a policy gave ${logits?.length} logits for ${images} images`,
		);
		return logits;
	}

	return {
		async run(policy, pixels, images) {
			const file = fileOf(policy);
			const session = await open(file);
			const logits = new Float32Array(images * card.classes.length);
			const chunk = chunkImagesOf(provider, card);
			for (let done = 0; done < images; done += chunk) {
				const count = Math.min(chunk, images - done);
				const view = pixels.subarray(done * imageBytes, (done + count) * imageBytes);
				const part = card.policies[policy]?.mirrored ? mirror(view, card.input.width) : view;
				const said = await runChunk(session, file, part, shapeImagesOf(provider, count));
				logits.set(said.subarray(0, count * card.classes.length), done * card.classes.length);
			}
			if (policy === card.policies.length - 1) return { logits, values: undefined };
			agent ??= await openAgent(pkg);
			return { logits, values: await agent.run(policy, logits) };
		},
		async release() {
			for (const session of opened.values()) await session.release();
			await agent?.release();
			opened.clear();
			agent = undefined;
		},
	};
}
