import { z } from 'zod';

/** A word that decides nothing where it is read: it may have been written by a release that knows more of them. */
export const wordSchema = z.string().min(1).max(64);
