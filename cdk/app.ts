/**
 * The CDK app: what `npm run synth` and `npm run deploy` run. `-c workers=gpu` overrides the one setting that is often
 * compared.
 */
import { App } from 'aws-cdk-lib';
import { settings } from './settings.ts';
import { defineSettings } from './settings-schema.ts';
import { BudgetNetStack } from './stack.ts';

const app = new App();
new BudgetNetStack(app, defineSettings(settings, app.node.tryGetContext('workers')));
app.synth();
