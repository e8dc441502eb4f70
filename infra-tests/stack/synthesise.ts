import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { defineSettings } from '../../cdk/settings-schema.ts';
import { BudgetNetStack } from '../../cdk/stack.ts';

const { context } = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'cdk.json'), 'utf8'));

/** The library alone takes a second to load, and many seconds on a busy machine. */
export const synthTimeoutMs = 240_000;

/** The app as cdk.json has it, but without the functions' code, which another test bundles. */
export function appOf(
	given: Parameters<typeof defineSettings>[0],
	outdir?: string,
): { app: App; stack: BudgetNetStack } {
	const app = new App({ outdir, context: { ...context, 'aws:cdk:bundling-stacks': [] } });
	return { app, stack: new BudgetNetStack(app, defineSettings(given)) };
}

/** The stack's template under these settings; CDK's own validation, which takes seconds, has a test of its own. */
export function synthesise(given: Parameters<typeof defineSettings>[0]): Template {
	process.env.CDK_VALIDATION = 'false';
	return Template.fromStack(appOf(given).stack);
}
