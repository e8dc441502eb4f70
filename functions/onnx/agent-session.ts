import './no-telemetry.ts';

import { Tensor } from 'onnxruntime-node';
import { valuesWidth } from '../core/advice.ts';
import { assert } from '../core/errors.ts';
import { areNumbers, readLogits, stateOf, stateWidth } from '../core/reading.ts';
import { openGraph } from './open-graph.ts';
import { agentInput, type ModelPackage } from './package-files.ts';

/** The agent of a package, ready to run. */
export interface AgentSession {
	/**
	 * @param policy index of the policy that ran, not the last
	 * @param logits what it said, images x classes
	 * @returns values (core/advice.ts), images x `valuesWidth`
	 * @throws BudgetNetError `internal`: the graph does not run
	 */
	run(policy: number, logits: Float32Array): Promise<Float32Array<ArrayBuffer>>;
	release(): Promise<void>;
}

/**
 * Opens a package's agent: on the CPU whatever the policies run on, because it is too small for anything else.
 * @throws BudgetNetError `invalid`
 */
export async function openAgent(pkg: ModelPackage): Promise<AgentSession> {
	const { card } = pkg;
	const session = await openGraph(pkg, card.agent.file, 'cpu', 1);
	const classes = card.classes.length;
	const width = stateWidth(card);
	const columns = valuesWidth(card);
	return {
		async run(policy, logits) {
			const images = logits.length / classes;
			const states = new Float32Array(images * width);
			for (let image = 0; image < images; image++) {
				const said = logits.subarray(image * classes, (image + 1) * classes);
				// for other images its values mean nothing
				if (areNumbers(said)) states.set(stateOf(card, policy, readLogits(said)), image * width);
			}
			const answer = await session.run({ [agentInput]: new Tensor('float32', states, [images, width]) });
			const values = answer[session.outputNames[0] as string]?.data;
			assert(
				values instanceof Float32Array && values.length === images * columns,
				`package ${card.name}: the agent gave ${values?.length} values for ${images} images`,
			);
			return new Float32Array(values); // a buffer of its own, which can be transferred
		},
		release: () => session.release(),
	};
}
