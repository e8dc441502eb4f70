const normal95 = 1.959964;

/** 95 % interval of a proportion (Wilson's): unlike the textbook one it stays within 0 to 1, for few images too. */
export function interval95(part: number, count: number): { low: number; high: number } {
	if (count === 0) return { low: 0, high: 1 };
	const squared = normal95 ** 2 / count;
	const middle = (part + squared / 2) / (1 + squared);
	const half = (normal95 * Math.sqrt((part * (1 - part)) / count + squared / (4 * count))) / (1 + squared);
	return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}
