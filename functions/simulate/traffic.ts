import { expectedMacs } from '../core/curve.ts';
import { median } from '../core/median.ts';
import { fullMacs, type ModelCard } from '../core/package.ts';
import { dayMs, periodOf, type Schedule } from '../core/period.ts';
import { costNanoUsd, type Price } from '../core/price.ts';
import type { QuotaWish } from '../core/quota.ts';
import { seededRandom } from '../core/random.ts';

/**
 * A made-up year of made-up tenants. Nothing here is measured: the numbers are chosen so that tenants differ as widely
 * as real ones may, and so that for about half of them demand at full quality is near the quota.
 */

export const yearStartMs = Date.UTC(2026, 0, 1);
export const yearEndMs = Date.UTC(2027, 0, 1);

/** Images that are dropped together. */
export interface Drop {
	atMs: number;
	images: number;
}

export interface TenantYear {
	quota: QuotaWish;
	drops: Drop[];
}

const timeZones = [
	'UTC',
	'Europe/Berlin',
	'America/New_York',
	'America/Santiago',
	'Asia/Kathmandu',
	'Australia/Sydney',
] as const;
const periods: readonly Schedule['period'][] = [
	'month',
	'month',
	'month',
	'month',
	'month',
	'month',
	'week',
	'week',
	'day',
	'total',
];
/** One tenant in this many goes wild. */
const wildEvery = 50;
const wildFactor = 20;
const wildDays = 10;
const burstsADay = 0.015;

interface Habits {
	imagesADay: number;
	weekend: number;
	/** The hour of the day, in UTC, at which most is dropped. */
	peakHour: number;
	dropsADay: number;
	growthADay: number;
	wildFromDay: number;
}

/** Tenant number `index` of a seed: always the same, whatever other tenants there are. */
export function tenantYear(options: {
	seed: number;
	index: number;
	card: ModelCard;
	price: Price;
	/** Multiplies every tenant's images. */
	scale: number;
}): TenantYear {
	const { seed, index, card, price, scale } = options;
	const random = seededRandom(seed * 1_000_003 + index);
	const habits = drawHabits(random, index, scale);
	const drops = drawDrops(random, habits);
	const schedule: Schedule = {
		period: pick(periods, random),
		weekStart: random() < 0.5 ? 'monday' : 'sunday',
		timeZone: pick(timeZones, random),
	};
	// The quota is the cost of full quality in a usual period, divided by how much more the tenant wants than it pays
	// for.
	const wanted = random() < 0.5 ? 0.9 + 0.2 * random() : Math.exp(-1 + 2.2 * random());
	const usual = fullCostNanoUsd(card, price, medianImages(drops, schedule));
	const limitNanoUsd = Math.max(1, Math.round(usual / wanted));
	// Only the tenant can say how many images a total is for; its guess is off by a fifth at most.
	const total = drops.reduce((sum, { images }) => sum + images, 0);
	const expectedImages = schedule.period === 'total' ? Math.round(total * (0.8 + 0.4 * random())) : 0;
	return { quota: { tenant: `tenant-${index}`, limitNanoUsd, expectedImages, ...schedule }, drops };
}

/** What so many images cost at full quality: a batch may run the full network on each. */
export function fullCostNanoUsd(card: ModelCard, price: Price, images: number): number {
	return costNanoUsd(price, Math.ceil(images * expectedMacs(card, fullMacs(card))), images);
}

function drawHabits(random: () => number, index: number, scale: number): Habits {
	return {
		imagesADay: scale * 15 * Math.exp(1.2 * normal(random)),
		weekend: random() < 0.7 ? 0.1 + 0.4 * random() : 1 + 0.5 * random(),
		peakHour: 24 * random(),
		dropsADay: 1.2 + 1.5 * random(),
		growthADay: (-0.02 + 0.07 * random()) / 30,
		wildFromDay: index % wildEvery === wildEvery - 1 ? Math.floor(330 * random()) : Number.POSITIVE_INFINITY,
	};
}

function drawDrops(random: () => number, habits: Habits): Drop[] {
	const drops: Drop[] = [];
	for (let day = 0; day < (yearEndMs - yearStartMs) / dayMs; day++) {
		const dayStartMs = yearStartMs + day * dayMs;
		const count = Math.ceil(habits.dropsADay * random());
		const perDrop = imagesOn(day, dayStartMs, habits, random) / count;
		for (let i = 0; i < count; i++) {
			const hour = (habits.peakHour + 3.5 * normal(random) + 48) % 24;
			const images = Math.round(perDrop * (0.5 + random()));
			if (images > 0) drops.push({ atMs: Math.floor(dayStartMs + (hour / 24) * dayMs), images });
		}
	}
	return drops.sort((a, b) => a.atMs - b.atMs);
}

/** Growth, weekends, noise, now and then a burst, and perhaps a tenant gone wild. */
function imagesOn(day: number, dayStartMs: number, habits: Habits, random: () => number): number {
	const weekday = new Date(dayStartMs).getUTCDay();
	const weekend = weekday === 0 || weekday === 6 ? habits.weekend : 1;
	const burst = random() < burstsADay ? 3 + 5 * random() : 1;
	const wild = day >= habits.wildFromDay && day < habits.wildFromDay + wildDays ? wildFactor : 1;
	const noise = Math.exp(0.25 * normal(random));
	return habits.imagesADay * Math.exp(habits.growthADay * day) * weekend * burst * wild * noise;
}

/** The median over the year's periods, also those that it cuts off; a total is the whole year. */
function medianImages(drops: readonly Drop[], schedule: Schedule): number {
	const perPeriod = new Map<string, number>();
	for (const { atMs, images } of drops) {
		const period = periodOf(schedule, atMs);
		perPeriod.set(period, (perPeriod.get(period) ?? 0) + images);
	}
	return perPeriod.size === 0 ? 0 : median([...perPeriod.values()]);
}

function pick<T>(list: readonly T[], random: () => number): T {
	return list[Math.floor(random() * list.length)] as T;
}

/** Box and Muller. */
function normal(random: () => number): number {
	return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
