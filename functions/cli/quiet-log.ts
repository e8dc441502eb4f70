import type { Log } from '../core/log.ts';

/** Only warnings and errors, a line each, on standard error. */
export const quietLog: Log = (level, message, fields) => {
	if (level !== 'info') process.stderr.write(`${level}: ${message} ${JSON.stringify(fields)}\n`);
};
