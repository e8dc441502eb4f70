import { fullMacs, type ModelCard } from '../core/package.ts';

/** One point of a published curve. There, budgets are soft, schedules longer, and all 50,000 training images used. */
export interface PublishedPoint {
	method: 'published-thesis' | 'published-l2w-den' | 'published-msdnet';
	macs: number;
	accuracy: number;
}

/** The thesis's backbone, ResNeXt-29 type A; its figure gives MACs as parts of this. */
const thesisMacs = 171_400_000;
/** Read off figures, to about 0.1 point. */
const curves: { dataset: string; method: PublishedPoint['method']; points: [macs: number, percent: number][] }[] = [
	{
		// Chen, "BudgetNet", NTU 2019: ResNeXt29 4x16d, by the compute that was really spent.
		dataset: 'cifar10',
		method: 'published-thesis',
		points: [
			[0.255, 81.0],
			[0.27, 82.0],
			[0.32, 85.4],
			[0.37, 87.8],
			[0.48, 91.5],
			[0.56, 92.8],
			[0.64, 93.0],
			[0.78, 93.4],
			[0.88, 93.8],
		].map(([part, percent]) => [(part as number) * thesisMacs, percent as number]),
	},
	{
		// Huang et al., "Multi-Scale Dense Networks", ICLR 2018.
		dataset: 'cifar10',
		method: 'published-msdnet',
		points: [
			[10e6, 92.2],
			[18e6, 93.0],
			[24e6, 93.6],
			[36e6, 94.05],
		],
	},
	{
		// Han et al., "Learning to Weight Samples for Dynamic Early-exiting Networks", ECCV 2022, on MSDNet.
		dataset: 'cifar10',
		method: 'published-l2w-den',
		points: [
			[10e6, 92.4],
			[16e6, 93.8],
			[21e6, 94.5],
			[30e6, 94.75],
		],
	},
	{
		dataset: 'cifar100',
		method: 'published-l2w-den',
		points: [
			[15e6, 70.3],
			[20e6, 72.2],
			[31e6, 74.3],
			[49e6, 75.0],
			[70e6, 76.05],
		],
	},
];

/** How far the plot extends, in full networks. */
const plottedFullMacs = 1.5;

/** The published points for a package's data set, with which its name begins, as far as the plot extends. */
export function publishedFor(card: ModelCard): PublishedPoint[] {
	return curves
		.filter(({ dataset }) => card.name.split('-')[0] === dataset)
		.flatMap(({ method, points }) => points.map(([macs, percent]) => ({ method, macs, accuracy: percent / 100 })))
		.filter(({ macs }) => macs <= plottedFullMacs * fullMacs(card));
}
