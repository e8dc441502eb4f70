/** A random sample of at most `limit` of the items added, however many, each with the same chance. */
export interface Sample<T> {
	add(one: T): void;
	/** In random order. */
	all(): readonly T[];
}

/** Reservoir sampling (Vitter 1985, algorithm R), over a reservoir that is shuffled as it fills (Fisher and Yates). */
export function createSample<T>(limit: number): Sample<T> {
	const kept: T[] = [];
	let seen = 0;
	return {
		add(one) {
			const place = Math.floor(Math.random() * ++seen);
			if (kept.length < limit) {
				kept.push(one);
				[kept[place], kept[kept.length - 1]] = [one, kept[place] as T];
			} else if (place < limit) kept[place] = one;
		},
		all: () => kept,
	};
}
