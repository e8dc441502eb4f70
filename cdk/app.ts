/**
 * The CDK app: what `npm run synth` and `npm run deploy` run. `-c workers=gpu` overrides the one setting that is often
 * compared.
 */
import { App } from 'aws-cdk-lib';
import { BudgetNetError } from '../functions/core/errors.ts';
import { settings } from './settings.ts';
import { defineSettings } from './settings-schema.ts';
import { BudgetNetStack } from './stack.ts';

const app = new App();
try {
	new BudgetNetStack(app, defineSettings(settings, app.node.tryGetContext('workers')));
	app.synth();
} catch (error) {
	if (!(error instanceof BudgetNetError)) throw error;
	process.stderr.write(`${error.message}\n`); // one line for whoever runs this
	process.exitCode = 2;
}
