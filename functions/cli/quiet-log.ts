import type { Log } from '../core/log.ts';
import { printable } from './printable.ts';

/** Only warnings and errors, a line each, on standard error. */
export const quietLog: Log = (level, message, fields) => {
	if (level !== 'info') process.stderr.write(`${printable(`${level}: ${message} ${JSON.stringify(fields)}`)}\n`);
};
