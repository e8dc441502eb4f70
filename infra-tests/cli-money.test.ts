import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectLines, type Line, runBudgetnet, startUp } from './cli-runner.ts';

const samples = join(import.meta.dirname, '..', 'models', 'samples', 'cifar10', 'images');

let up: Awaited<ReturnType<typeof startUp>>;
beforeAll(async () => {
	up = await startUp('--tenant', 'acme', '--usd', '0.000001');
});
afterAll(async () => {
	expect(await up.stop()).toBe(0);
});

/** In this order, on one system. */
const lines: Line[] = [
	[
		'estimate --tenant acme --images 10',
		0,
		/at full quality: at most \$0\.000000398, expected accuracy 9\d\.\d %, 100\.0 % .*\naccuracies are for images like those/,
	],
	['estimate --tenant acme --images 50', 0, /under its quota: at most \$0\.000001, expected accuracy 9\d\.\d %/],
	[
		'estimate --tenant acme --images 1000',
		0,
		/under its quota: 50 of them for at most \$0\.000001, expected accuracy 9\d\.\d %, .*; 950 would wait until the quota grows/,
	],
	[
		'estimate --tenant acme --images 1000 --json',
		0,
		/"now":\{.*"labelledImages":50,"waitingImages":950\},"stopped":false,"suspended":false,"olderImages":0\}/,
	],
	['quota suspend acme', 0, /suspended/],
	['stop', 0, /the whole system is stopped/],
	['stop --json', 0, /^\{"stopped":true\}\n$/],
	[
		'estimate --tenant acme --images 10',
		0,
		/\nstopped: nothing runs before budgetnet start\nsuspended: nothing runs before budgetnet quota resume acme\n/,
	],
	['start', 0, /started/],
	['start --tenant acme --json', 0, /^\{"tenant":"acme","stopped":false\}\n$/],
	['quota resume acme', 0, /^(?!.*suspended)/s],
	['estimate --tenant acme --images 50 --accuracy 0.93', 0, /accuracy 0\.93: a limit of \$0\.000001 would reach it/],
	['estimate --tenant acme --images 1000 --accuracy 0.93', 0, /accuracy 0\.93: a limit of \$0\.0000\d+ would reach it/],
	['estimate --tenant acme --images 50 --accuracy 0.99', 0, /accuracy 0\.99: more than this model reaches/],
	[
		'estimate --tenant acme --images 50 --json',
		0,
		/"full":\{"costNanoUsd":\d+,"share":1,.*"now":\{"costNanoUsd":1000,/,
	],
	[`estimate ${samples} --tenant acme`, 0, /^\d+ images of tenant acme\n/],
	['estimate --tenant acme', 2, /how many images\? give a folder or --images/],
	[`estimate ${samples} --tenant acme --images 5`, 2, /give a folder or --images/],
	['estimate --images 10', 2, /required option '--tenant/],
	['estimate --tenant nobody --images 10', 2, /tenant nobody has no quota/],
	['estimate --tenant acme --images many', 2, /--images many: expected a whole number above 0/],
	['estimate --tenant acme --images 0', 2, /--images 0: expected a whole number above 0/],
	['estimate --tenant acme --images 9999999999', 2, /too many to calculate with/],
	['estimate --tenant acme --images 10 --accuracy 93%', 2, /--accuracy 93%: expected a number above 0, at most 1/],
	['estimate --tenant acme --images 10 --model nobody', 2, /model "nobody" is not there/],
	['estimate nowhere --tenant acme', 2, /is not there/],
	[
		'prices list',
		0,
		/^no prices yet: the planner uses its own price for cifar10-resnet on cpu, \$0\.0003 a TMAC, \$0\.000000005 an image\n$/,
	],
	[
		'prices list --json',
		0,
		/^\[\{"model":"cifar10-resnet","workerKind":"cpu","version":"embedded-1","nanoUsdPerTmac":300000,"nanoUsdPerImage":5,"inForce":true\}\]\n$/,
	],
	['prices set cifar10-resnet cpu --per-tmac 7 --per-image 0 --from 2999-01-01T00:00:00Z', 0, /cpu +1 +\$7\.00 /],
	[
		'prices list',
		0,
		/cpu +1 +\$7\.00 +\$0\.00 +2999-01-01T00:00:00\.000Z\nnone of these is in force .*: the planner uses its own price for cifar10-resnet on cpu, \$0\.0003 a TMAC/,
	],
	[
		'prices set cifar10-resnet cpu --per-tmac 0.0006 --per-image 0.00000001',
		0,
		/cifar10-resnet +cpu +2 +\$0\.0006 +\$0\.00000001 +\d{4}-/,
	],
	[
		'prices list',
		0,
		/^model +worker kind +version +per TMAC +per image +valid from\n.* +2999-01-01T00:00:00\.000Z\ncifar10-resnet +cpu +2 [^\n]+Z +in force\n$/,
	],
	['estimate --tenant acme --images 10', 0, /at full quality: at most \$0\.000000795,/],
	[
		'prices set cifar10-resnet cpu --per-tmac 0.0003 --per-image 0.000000005 --from 2020-01-01T00:00:00Z',
		2,
		/prices are superseded, never changed/,
	],
	[
		'prices set cifar10-resnet cpu --per-tmac 0.0003 --per-image 0.000000005 --from tomorrow',
		2,
		/--from tomorrow: expected a time such as/,
	],
	[
		'prices set cifar10-resnet cpu --per-tmac 0.0003 --per-image 0.000000005 --from 2999-02-30T00:00:00Z',
		2,
		/--from 2999-02-30T00:00:00Z: expected a time such as/,
	],
	[
		'prices set cifar10-resnet gpu --per-tmac 7 --per-image 0 --from 2999-01-01T00:00:00Z',
		0,
		/gpu +1 +\$7\.00 .* 2999-01-01/,
	],
	[
		'prices set cifar10-resnet gpu --per-tmac 0.0003 --per-image 0',
		0, // a mistaken version for a future date binds nobody
		/gpu +2 +\$0\.0003 /,
	],
	[
		'prices set cifar10-resnet cpu --per-tmac 0 --per-image 0',
		2,
		/--per-tmac 0: expected dollars, above 0, at most 1000/,
	],
	['prices set cifar10-resnet cpu --per-tmac 300000 --per-image 5', 2, /--per-tmac 300000: expected dollars/],
	[
		'prices set cifar10-resnet cup --per-tmac 1 --per-image 0',
		2,
		/'cup' is invalid for argument 'worker-kind'\. Allowed choices are cpu, gpu/,
	],
	['prices set cifar10-resnet cpu --per-tmac 1', 2, /required option '--per-image/],
	['prices set cifar10-resnet --per-tmac 1 --per-image 1', 2, /missing required argument 'worker-kind'/],
	[
		'prices list --json',
		0,
		/"number":1,"nanoUsdPerTmac":7000000000,[^}]*"version":"cpu-1","inForce":false\},[^}]*"version":"cpu-2","inForce":true\}/,
	],
	['prices', 2, /Usage: budgetnet prices/],
	[
		'reconcile --month 2026-11 --bill 1.00',
		0,
		/^2026-11: tenants were billed \$0\.00, the cloud billed \$1\.00; nothing to compare\n$/,
	],
	[
		'reconcile --month 2026-11 --bill 1.00 --json',
		0,
		/^\{"notionalNanoUsd":0,"billNanoUsd":1000000000,"openBatches":0\}\n$/,
	],
	['bill --month 2026-11', 0, /^tenant +billed\nacme +\$0\.00 +.*\nall +\$0\.00\n$/],
	['bill --month 2026-13', 2, /expected a month such as 2026-11/],
	['bill', 2, /required option '--month/],
	['reconcile --month 2026-13 --bill 1.00', 2, /expected a month such as 2026-11/],
	['reconcile --month 2026-11 --bill one', 2, /--bill "one" is not an amount/],
	['reconcile --month 2026-11', 2, /required option '--bill/],
	['calibrate nowhere --usd-per-hour 0.04 --utilisation 0.7', 2, /is not there/],
	['estimate --tenant acme --images 1,000', 2, /--images 1,000: expected a whole number above 0/],
	['estimate --tenant acme --images 10 --accuracy 0.0', 2, /--accuracy 0\.0: expected a number above 0, at most 1/],
	[`calibrate ${samples} --usd-per-hour free --utilisation 0.7`, 2, /--usd-per-hour "free" is not an amount/],
	[`calibrate ${samples} --usd-per-hour $0.00 --utilisation 0.7`, 2, /--usd-per-hour 0: expected an amount above 0/],
	[
		`calibrate ${samples} --usd-per-hour 0.04 --utilisation 70`,
		2,
		/--utilisation 70: expected a number above 0, at most 1/,
	],
	[`calibrate ${samples} --usd-per-hour 0.04`, 2, /required option '--utilisation/],
	[
		`calibrate ${samples} --usd-per-hour $0.04 --utilisation .7`,
		0,
		/GMAC\/s \(cpu\), [\d.]+ ms to decode an image\n\$[\d.]+ a TMAC, \$[\d.]+ an image\n--write would/,
	],
	[
		`calibrate ${samples} --usd-per-hour 0.04 --utilisation 0.7 --write --json`,
		0,
		/"provider":"cpu","nanoUsdPerTmac":\d+,"nanoUsdPerImage":\d+,"number":3\}/,
	],
	[
		'page --tenant acme --json',
		0,
		/"tenant":"acme","period":"\d{4}-\d{2}",.*"batches":\[\],"readBatches":0,"policies":\[\{"id":"look"/,
	],
	['page', 2, /required option '--tenant/],
	['page --tenant nobody', 2, /tenant nobody has no quota/],
	['retry --tenant nobody --failed', 2, /tenant nobody has no quota/],
	['page --tenant acme --out /nowhere/page.html', 2, /--out \/nowhere\/page\.html cannot be written: ENOENT/],
	['watch acme --looks 1', 0, /^\d{4}-[^\n]+Z\ntenant +period /],
	['watch --looks 1 --json', 0, /^\{"time":"[^"]+","statuses":\[\{"tenant":"acme",.*"alerts":\[\]\}\]\}\n$/],
	['watch acme --looks 0', 2, /--looks 0: expected a whole number above 0/],
	['watch acme --every never', 2, /--every never: expected a whole number from 1 to 3600/],
	['watch nobody --looks 1', 2, /tenant nobody has no quota/],
];

test('each command line ends with its exit code and says what it did, or what was expected', async () => {
	await expectLines(lines, up.environment);
});

test('a price of a model that no package has is kept, with a warning', async () => {
	const line = 'prices set cifar10-resent cpu --per-tmac 1 --per-image 0';
	expect(await runBudgetnet(line.split(' '), up.environment)).toMatchObject({
		status: 0,
		stdout: expect.stringMatching(/cifar10-resent +cpu +1 /),
		stderr: expect.stringMatching(/model "cifar10-resent" is not there: expected one of/),
	});
});
