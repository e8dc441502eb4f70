import { z } from 'zod';
import { limits } from './limits.ts';
import { parseJson } from './parse.ts';

/** Digest of a package's files: functions/onnx/package-files.ts. */
export const digestSchema = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256: and 64 hexadecimal digits');

/**
 * A graph beside model.json: no folders, so that no package can point outside itself; and named .onnx, because
 * onnxruntime would read a file named .ort as another format, which nobody has checked.
 */
const graphName = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}\.onnx$/, 'expected a plain file name that ends in .onnx');
const macs = z
	.int()
	.positive()
	.max(Number.MAX_SAFE_INTEGER / limits.batchImagesMax);
const share = z.number().min(0).max(1);

export const policyIdSchema = z.string().regex(/^[a-z0-9-]{1,32}$/);
/** Pattern of a model's name; the error for a name that does not match depends on where it is used. */
export const modelNamePattern = /^[a-z0-9-]{1,64}$/;

const policySchema = z.strictObject({
	id: policyIdSchema,
	file: graphName,
	/**
	 * One number for each block of the backbone: its active inner width (blocks of a ResNet) or paths (of a ResNeXt); 0
	 * skips the block.
	 */
	widths: z.array(z.int().min(0)).min(1),
	/** MACs per image: convolutions and linear layers, shortcuts included. */
	macs,
	parameters: z.int().positive(),
	/**
	 * A second view: the policy before it runs once more, on the mirrored image, and the mean of both logits counts. So
	 * it runs only after that policy. Only the last policy may be one.
	 */
	mirrored: z.literal(true).optional(),
	/**
	 * A look at the image by a small network beside the backbone, so that the agent knows something before any policy of
	 * the backbone runs. Its label is kept where the agent trusts it. Only the first policy may be one.
	 */
	look: z.literal(true).optional(),
});

/** What the agent may see of a policy's output (reading.ts); the card says which, and in which order. */
const inputNames = ['margin', 'gap', 'top', 'entropy'] as const;

/** A draft has none at first. */
const noAgent = 'expected the agent, found none: run budgetnet.fit_agent first (models/README.md)';

const cardFields = z.strictObject({
	v: z.literal(1),
	name: z.string().regex(modelNamePattern),
	version: z.string().regex(/^\d+\.\d+\.\d+$/),
	/** SHA-256 over all other files of the package: see onnx/package-files.ts. */
	digest: digestSchema,
	classes: z.array(z.string().min(1)).min(2).max(limits.classesMax),
	/** uint8 NHWC; the graph normalises. `resize` "fill" ignores the image's aspect ratio. */
	input: z.strictObject({
		name: z.string(),
		width: z.int().min(8).max(1024),
		height: z.int().min(8).max(1024),
		colours: z.literal('rgb'),
		resize: z.enum(['fill', 'cover']),
	}),
	policies: z.array(policySchema).min(2).max(limits.policiesMax),
	/**
	 * The graph that says, from the state after a policy (reading.ts), what every policy is worth and costs at each price
	 * (advice.ts): float32 "state" [images, width] to [images, prices x policies x 2].
	 */
	agent: z.strictObject(
		{
			file: graphName,
			/** MACs per image and run, counted against the budget; at most `agentShareMax` of the full network's. */
			macs: z.int().min(0),
			inputs: z.array(z.enum(inputNames)).min(1),
			/** Prices of a full network, in right labels, lowest first. */
			prices: z.array(z.number().positive()).min(1).max(limits.agentPricesMax),
		},
		{ error: ({ input }) => (input === undefined ? noAgent : undefined) },
	),
	/**
	 * The gate's expected accuracy at a share of the full MACs, on held-out training images. A single point where the
	 * least that is paid for an image is the full network.
	 */
	curve: z.array(z.strictObject({ share, macs: z.number(), accuracy: share })).min(1),
	/** Accuracy of each policy alone: on the held-out images, and on the test images. */
	results: z.strictObject({
		holdout: z.array(share),
		test: z.array(share),
	}),
	/** How it was trained; for people. */
	training: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});

const refine = (card: DraftCard, context: z.RefinementCtx) => {
	const problem = consistency(card);
	if (problem) context.addIssue({ code: 'custom', message: problem });
};
const draftFields = cardFields.omit({ curve: true, digest: true });
const cardSchema = cardFields.superRefine(refine);
const draftSchema = draftFields.superRefine(refine);

/** model.json: all that planner, gate and estimate need to know of a model. */
export type ModelCard = z.infer<typeof cardSchema>;
export type Policy = ModelCard['policies'][number];

/** Largest part of the full network's MACs that the agent may take. */
const agentShareMax = 0.01;

function consistency(card: DraftCard): string | undefined {
	if (card.input.width * card.input.height > limits.inputPixelsMax)
		return `input: expected width x height of at most ${limits.inputPixelsMax} pixels`;
	const last = card.policies.at(-1);
	const alone = last?.mirrored ? card.policies.slice(0, -1) : card.policies;
	if (alone.some(({ mirrored }) => mirrored)) return 'policies: only the last may be mirrored';
	if (alone.slice(1).some(({ macs }, i) => macs <= (alone[i] as Policy).macs))
		return 'policies: expected cheapest first, no two alike';
	const full = alone.at(-1);
	if (!full || last?.macs !== full.macs || last.file !== full.file)
		return 'policies: expected a mirrored one to have the file and MACs of the one before it';
	if (card.policies.some(({ look }, i) => look && (i > 0 || alone.length < 2)))
		return 'policies: only the first may be a look, with others after it';
	if (new Set(card.policies.map((policy) => policy.id)).size !== card.policies.length) return 'policies: ids repeat';
	const agentMacsMax = agentShareMax * full.macs;
	if (card.agent.macs > agentMacsMax)
		return `agent: expected at most ${agentMacsMax} MACs, 1 % of the full network's, found ${card.agent.macs}`;
	const { prices } = card.agent;
	if (prices.some((price, i) => price <= (prices[i - 1] ?? 0)))
		return 'agent.prices: expected cheapest first, no two alike';
	return undefined;
}

/** Parses model.json. @throws BudgetNetError `invalid` */
export function parseCard(text: string): ModelCard {
	return parseJson(cardSchema, text, 'model.json');
}

/** A card before it is sealed: without its curve and its digest. */
export type DraftCard = Omit<ModelCard, 'curve' | 'digest'>;

/** Parses draft.json. @param where names it in the error @throws BudgetNetError `invalid` */
export function parseDraft(text: string, where: string): DraftCard {
	return parseJson(draftSchema, text, where);
}

/** Index of the whole backbone's policy: the costliest, apart from a second view by it. */
export function fullIndex({ policies }: Pick<ModelCard, 'policies'>): number {
	return policies.length - (policies.at(-1)?.mirrored ? 2 : 1);
}

/**
 * The least MACs that must be paid for every image of a batch: those of the backbone's cheapest policy. A look alone is
 * no label to pay for, so the gate spends this on the images that the look is not sure of.
 */
export function leastMacs(card: ModelCard): number {
	return policyMacs(card, card.policies[0]?.look ? 1 : 0);
}

/** Bytes of one image as a policy reads it. */
export function pixelBytes({ width, height }: ModelCard['input']): number {
	return width * height * 3;
}

/** The whole backbone. */
export function fullPolicy(card: ModelCard): Policy {
	return card.policies[fullIndex(card)] as Policy;
}

/**
 * MACs of running the whole backbone on an image, with the agent's where a second view may follow. Shares are parts of
 * this.
 */
export function fullMacs(card: ModelCard): number {
	return policyMacs(card, fullIndex(card));
}

/** MACs of taking an image straight to `policy`: a mirrored one includes its first view. */
export function macsTo(card: ModelCard, policy: number): number {
	return policyMacs(card, policy) + (card.policies[policy]?.mirrored ? policyMacs(card, policy - 1) : 0);
}

/** MACs of one run of policy `index` on one image; the agent's too, which reads all outputs but the last's. */
export function policyMacs(card: ModelCard, index: number): number {
	const { macs: own } = card.policies[index] as Policy;
	return index < card.policies.length - 1 ? own + card.agent.macs : own;
}
