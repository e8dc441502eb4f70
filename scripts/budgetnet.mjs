#!/usr/bin/env node
// `budgetnet` on the PATH: the launcher with the command line's entry.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
process.argv.splice(2, 0, join(here, '..', 'functions', 'cli', 'main.ts'));
await import('./run.mjs');
