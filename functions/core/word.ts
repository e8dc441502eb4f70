import { z } from 'zod';

/** A word that decides nothing where it is read: a release that knows more of them may have written it. */
export const wordSchema = z.string().min(1).max(64);
