import { z } from 'zod';
import type { StackOutputs } from '../aws/stack-outputs.ts';
import { BudgetNetError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { digestSchema } from '../core/package.ts';
import { parseJson } from '../core/parse.ts';
import { embeddedPrice, type Price, priceSchema } from '../core/price.ts';
import type { Priced } from '../core/price-list.ts';
import { defaultModel } from './packages.ts';

/** What runs the batches of a system, and how its planner cuts and prices them. */
export interface Workers extends Priced {
	/** Digest of the model's package; undefined where nothing says it. */
	digest: string | undefined;
	/** The most images of a batch. */
	batchImagesMax: number;
	/** What the planner uses where the price list has nothing; undefined for what it never asks for. */
	fallbackFor(priced: Priced): Price | undefined;
}

/** Those of `budgetnet up`, in the embedded cloud and on LocalStack alike; whatever its model, there is one price. */
export const emulatedWorkers: Workers = {
	model: defaultModel,
	digest: undefined,
	workerKind: 'cpu',
	batchImagesMax: limits.batchImagesDefault,
	fallbackFor: () => embeddedPrice,
};

/** Outputs of cdk/stack.ts. */
const outputsSchema = z.object({
	ModelPackage: z.string(),
	/** Absent from stacks deployed by an older version. */
	ModelDigest: digestSchema.optional(),
	WorkerKind: z.string(),
	Price: z.string(),
	BatchImagesMax: z.coerce.number().int().min(1).max(limits.batchImagesMax),
});

/**
 * What a stack's outputs say about its workers.
 * @throws BudgetNetError `invalid` when they say nothing, as for a stack deployed by an older version
 */
export function workersIn(outputs: StackOutputs, stackName: string): Workers {
	const given = outputsSchema.safeParse(outputs);
	if (!given.success)
		throw new BudgetNetError(
			'invalid',
			`stack ${stackName} does not say what its workers run and cost (outputs ${Object.keys(outputsSchema.shape).join(', ')}): deploy it again with npm run deploy`,
			{ cause: given.error },
		);
	const {
		ModelPackage: model,
		ModelDigest: digest,
		WorkerKind: workerKind,
		BatchImagesMax: batchImagesMax,
	} = given.data;
	const price = parseJson(priceSchema, given.data.Price, `output Price of stack ${stackName}`);
	return {
		model,
		digest,
		workerKind,
		batchImagesMax,
		fallbackFor: (priced) => (priced.model === model && priced.workerKind === workerKind ? price : undefined),
	};
}
