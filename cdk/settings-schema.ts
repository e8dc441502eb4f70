import { z } from 'zod';
import { limits } from '../functions/core/limits.ts';
import { modelNamePattern } from '../functions/core/package.ts';
import { parse } from '../functions/core/parse.ts';
import { priceSchema } from '../functions/core/price.ts';
import { workerKinds } from '../functions/core/price-list.ts';
import { retentionDaysMin } from './sizes.ts';

const retentionDays = z.int().min(retentionDaysMin).max(3650);

/** Sizes that Fargate offers; a vCPU is 1024 units. */
const fargateMemoryMib: Record<number, { min: number; max: number; step: number }> = {
	1024: { min: 2048, max: 8192, step: 1024 },
	2048: { min: 4096, max: 16_384, step: 1024 },
	4096: { min: 8192, max: 30_720, step: 1024 },
	8192: { min: 16_384, max: 61_440, step: 4096 },
	16384: { min: 32_768, max: 122_880, step: 8192 },
};

const settingsSchema = z
	.strictObject({
		/** Name of the stack, and first part of every name in the account. */
		name: z
			.string()
			.regex(/^[a-z][a-z0-9-]{1,24}$/, 'expected at most 25 lower-case letters, digits and hyphens')
			.refine((name) => !/^(aws|ecs|fargate)/.test(name), 'may not begin with aws, ecs or fargate')
			.default('budgetnet'),
		/** What runs the batches: `cpu` tasks on Fargate, or `gpu` tasks on ECS Managed Instances, one GPU a task. */
		workers: z.enum(workerKinds).default('cpu'),
		/** Most workers at once; none run while no batch waits. */
		workersMax: z.int().min(1).max(100).default(4),
		cpu: z
			.strictObject({
				/** 1024 per vCPU. */
				cpuUnits: z.int().default(4096),
				memoryMib: z.int().default(8192),
				/**
				 * This many waiting batches call for one more worker: as many as a worker finishes while another one would
				 * start. A task takes one to two minutes to start; in that time one of 4 vCPU finishes some 60 full batches of
				 * small images. The default is half of that, because networks may be larger. Batches that wait for minutes,
				 * because they are heavy, bring more workers anyway.
				 */
				batchesPerWorker: z.int().min(1).max(10_000).default(32),
			})
			.prefault({}),
		gpu: z
			.strictObject({
				/** EC2 types to choose from, `*` allowed; each has a GPU from NVIDIA. */
				instanceTypes: z
					.array(z.string().regex(/^[gp][a-z0-9-]*\.[a-z0-9*]+$/))
					.min(1)
					.max(20)
					.default(['g6.xlarge']),
				/** What a task takes of its instance; the rest is for the operating system. */
				cpuUnits: z.int().min(1024).default(3072),
				memoryMib: z.int().min(4096).default(12_288),
				/**
				 * As with CPUs, and again half of what a worker finishes meanwhile: an instance takes some five minutes to
				 * start; in that time another one, which can load a full batch of small images in half a second, finishes some
				 * 500.
				 */
				batchesPerWorker: z.int().min(1).max(10_000).default(256),
			})
			.prefault({}),
		/** The package in models/packages that workers and planner use. */
		modelPackage: z.string().regex(modelNamePattern).default('cifar10-resnet'),
		/** Most images of a batch. */
		batchImagesMax: z.int().min(1).max(limits.batchImagesMax).default(limits.batchImagesDefault),
		/**
		 * Seconds that a planner gathers images before it plans them: images wait this long, and those that come in one
		 * window share batches, each of which costs requests (docs/cost.md, small batches). Five planners gather at once,
		 * each with a window of its own, so a trickle of one tenant makes up to five batches per window. Make it longer if
		 * images come one by one and nobody waits for them.
		 */
		windowSeconds: z.int().min(1).max(300).default(20),
		/**
		 * What tenants are billed if the price list has nothing for this model and kind of worker. For what it costs you,
		 * see docs/cost.md.
		 */
		price: priceSchema.prefault({ version: 'fargate-1', nanoUsdPerTmac: 710_000, nanoUsdPerImage: 6_700 }),
		/** Receives alarms and quota alerts; confirm the two subscriptions that Amazon SNS sends. */
		alarmEmail: z.email().optional(),
		/** Keeps workers off public addresses, for the price of interface endpoints (docs/cost.md). */
		privateNetwork: z.boolean().default(false),
		/** Days until images and results can no longer be read; as old versions they stay longer (buckets.ts). */
		retentionDays: retentionDays.default(180),
		/**
		 * The same for images, if they must not stay as long as results: pixels may be private, and bills needed. If you
		 * run older images again by their results, you pay for images that are gone: docs/models.md.
		 */
		imageRetentionDays: retentionDays.optional(),
	})
	.superRefine(({ workers, cpu }, context) => {
		const problem = workers === 'cpu' ? fargateProblem(cpu) : undefined;
		if (problem) context.addIssue({ code: 'custom', path: ['cpu'], message: problem });
	});

function fargateProblem({ cpuUnits, memoryMib }: { cpuUnits: number; memoryMib: number }): string | undefined {
	const memory = fargateMemoryMib[cpuUnits];
	if (!memory) return `Fargate offers cpuUnits ${Object.keys(fargateMemoryMib).join(', ')}, not ${cpuUnits}`;
	const { min, max, step } = memory;
	if (memoryMib >= min && memoryMib <= max && memoryMib % step === 0) return undefined;
	return `with cpuUnits ${cpuUnits}, memoryMib must be a multiple of ${step} from ${min} to ${max}, not ${memoryMib}`;
}

/** Settings as cdk/settings.ts has them: each may be left out. */
export type GivenSettings = z.input<typeof settingsSchema>;

export type Settings = z.infer<typeof settingsSchema>;

/**
 * Checks settings and fills in the defaults.
 * @param workers the command line's value (`-c workers=gpu`), if any: it takes precedence over the settings
 * @throws BudgetNetError `invalid`, which names the setting, or that argument, and what was expected
 */
export function defineSettings(given: GivenSettings, workers?: unknown): Settings {
	const { workers: schema } = settingsSchema.shape;
	const said = workers === undefined ? {} : { workers: parse(schema, workers, `-c workers=${workers}`) };
	return parse(settingsSchema, { ...given, ...said }, 'cdk/settings.ts (allowed settings: settings-schema.ts)');
}
