import type { z } from 'zod';
import { BudgetNetError } from './errors.ts';

/**
 * Checks outside input by its schema.
 * @param what names the input in the error, as "message of queue batches"
 * @throws BudgetNetError `invalid`, with the path of each field that does not fit, where it has fields
 */
export function parse<T>(schema: z.ZodType<T>, input: unknown, what: string): T {
	const result = schema.safeParse(input);
	if (result.success) return result.data;
	const problems = result.error.issues
		.slice(0, 5)
		.map((issue) => (issue.path.length > 0 ? `${issue.path.join('.')}: ${issue.message}` : issue.message));
	throw new BudgetNetError('invalid', `${what} does not fit: ${problems.join('; ')}`);
}

/** `parse` of JSON text. */
export function parseJson<T>(schema: z.ZodType<T>, text: string, what: string): T {
	let input: unknown;
	try {
		input = JSON.parse(text);
	} catch (error) {
		throw new BudgetNetError('invalid', `${what} is not JSON`, { cause: error });
	}
	return parse(schema, input, what);
}
