/** The kind of error: callers decide by it, people read the message. */
export type ErrorCode =
	| 'invalid' // outside input that does not fit its schema or its limits
	| 'not-found' // something named is not there
	| 'conflict' // somebody else was first
	| 'unavailable' // try again later
	| 'internal'; // a bug in this program

/**
 * The one error type of this program.
 * The message names the thing, says what was expected, and what to do.
 */
export class BudgetNetError extends Error {
	override readonly name = 'BudgetNetError';
	readonly code: ErrorCode;

	constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
		super(message, options);
		this.code = code;
	}
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

/** Throws an `internal` error unless `condition` holds: for bugs in this program, never for bad input. */
export function assert(condition: boolean, message: string): asserts condition {
	if (!condition) throw new BudgetNetError('internal', message);
}
