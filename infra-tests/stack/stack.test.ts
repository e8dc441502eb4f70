import { beforeAll, expect, test } from 'vitest';
import { alarmRules } from './alarm-rules.ts';
import { dataRules } from './data-rules.ts';
import { functionRules } from './function-rules.ts';
import { appOf, synthTimeoutMs } from './synthesise.ts';
import { synthesiseAll, type Templates } from './templates.ts';
import { workerRules } from './worker-rules.ts';

const templates = {} as Templates;
beforeAll(() => {
	Object.assign(templates, synthesiseAll());
}, synthTimeoutMs);

dataRules(templates);
functionRules(templates);
workerRules(templates);
alarmRules(templates);

test('the stack cannot be deleted by mistake', () => {
	expect(appOf({}).stack.terminationProtection).toBe(true);
});
