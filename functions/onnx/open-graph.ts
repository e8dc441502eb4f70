import './no-telemetry.ts';

import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import type { ModelPackage } from './package-files.ts';
import type { Provider } from './provider.ts';

const errorsOnly = 3;

/**
 * Opens a graph of a package. There is no other way to a session of one.
 * @throws BudgetNetError `invalid`: the graph does not load
 */
export async function openGraph(
	{ folder, card }: ModelPackage,
	file: string,
	provider: Provider,
	threads: number,
): Promise<InferenceSession> {
	const session = {
		load_model_format: 'ONNX', // the format that package-files.ts has checked, and no other
		intra_op: { allow_spinning: '0' }, // the threads of idle sessions would spin and slow down the one that runs
	};
	return await InferenceSession.create(join(folder, file), {
		executionProviders: provider === 'cuda' ? ['cuda', 'cpu'] : ['cpu'],
		// Memory is kept between runs: newly mapped memory takes longer to fill than a cheap policy takes to compute.
		// Chunks bound it.
		enableCpuMemArena: true,
		enableMemPattern: false,
		intraOpNumThreads: threads,
		extra: { session },
		logSeverityLevel: errorsOnly,
	}).catch((error) => {
		throw new BudgetNetError('invalid', `package ${card.name}, ${file} does not load: ${messageOf(error)}`, {
			cause: error,
		});
	});
}
