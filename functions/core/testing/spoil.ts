/** A spoilt version of something valid, and what was done to it. */
export interface Spoilt {
	what: string;
	value: unknown;
}

const wrongValues: readonly unknown[] = [
	null,
	-1,
	1e300,
	Number.MAX_SAFE_INTEGER + 1,
	'',
	'\u0000',
	'x'.repeat(5000),
	[],
	{},
];

/**
 * Spoils a valid object in every way that a sender could: each field missing, unless it may be, or with each wrong
 * value (any text passes for a text), an unknown field added, another version.
 */
export function spoil(valid: Record<string, unknown>, mayBeMissing: readonly string[] = []): Spoilt[] {
	const spoilt: Spoilt[] = [{ what: 'an unknown field', value: { ...valid, surprise: 1 } }];
	if ('v' in valid) spoilt.push({ what: 'another version', value: { ...valid, v: 2 } });
	for (const field of Object.keys(valid)) {
		const { [field]: own, ...rest } = valid;
		if (!mayBeMissing.includes(field)) spoilt.push({ what: `without ${field}`, value: rest });
		for (const wrong of wrongValues) {
			const acceptable = typeof own === 'string' && typeof wrong === 'string';
			if (!acceptable)
				spoilt.push({ what: `${field} = ${JSON.stringify(wrong)?.slice(0, 20)}`, value: { ...valid, [field]: wrong } });
		}
	}
	return spoilt;
}

/** JSON text that is cut off, doubled, or no JSON at all. */
export function spoilText(text: string): string[] {
	const cuts = [0, 1, Math.floor(text.length / 2), text.length - 1].map((length) => text.slice(0, length));
	return [
		...cuts,
		text + text,
		`\uFEFF\uFEFF${text}`,
		'null',
		'42',
		'"text"',
		'[]',
		'{}',
		'<xml/>',
		'\u0000',
		'NaN',
		'{"__proto__":{"v":1}}',
	];
}
