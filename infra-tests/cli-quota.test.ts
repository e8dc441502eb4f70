import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ledgerKeys } from '../functions/aws/ledger-items.ts';
import { createStores } from '../functions/aws/stores.ts';
import { tableNames } from '../functions/aws/tables.ts';
import { expectLines, type Line, runBudgetnet, startUp } from './cli-runner.ts';

let up: Awaited<ReturnType<typeof startUp>>;
beforeAll(async () => {
	up = await startUp('--tenant', 'acme', '--usd', '2');
});
afterAll(async () => {
	expect(await up.stop()).toBe(0);
});
const budgetnet = (line: string) => runBudgetnet(line.split(' '), up.environment);

/** A time zone in which no day, week or month turns now: changes of the period wait for such a turn. */
function whereItIsNoon(): string {
	const behind = new Date().getUTCHours() - 12;
	return `Etc/GMT${behind < 0 ? '-' : '+'}${Math.abs(behind)}`;
}

/** In this order, on one system. */
const lines: Line[] = [
	['quota list', 0, /^tenant +limit +period +time zone +pacing +suspended\nacme +\$2\.00 +month +UTC +eager +no\n$/],
	['quota show acme', 0, /^tenant acme: \$2\.00 a month, UTC, eager pacing\n$/],
	['quota show acme --json', 0, /"limitNanoUsd":2000000000,.*"revision":1/],
	['quota show nobody', 2, /tenant nobody has no quota: give it one with budgetnet quota set nobody --limit USD/],
	['quota show ACME', 2, /^budgetnet: tenant "ACME" is invalid: expected a tenant: a-z, 0-9 and -\n$/],
	['quota show', 2, /missing required argument 'tenant'/],
	['quota set globex', 2, /tenant globex has no quota yet: pass --limit, in dollars/],
	[
		`quota set globex --limit 5 --time-zone ${whereItIsNoon()}`,
		0,
		/^tenant globex: \$5\.00 a month, Etc\/GMT[+-]\d+, eager pacing\n$/,
	],
	['quota set globex --limit 0.25', 0, /\$0\.25 a month/],
	['quota set globex --limit $1,000.00', 0, /\$1,000\.00 a month/],
	['quota set globex --limit 0.000000001', 0, /\$0\.000000001 a month/],
	['quota set globex --limit 0', 0, /\$0\.00 a month/],
	['quota set globex --limit 5', 0, /\$5\.00 a month/],
	['quota set globex --limit 5USD', 2, /"5USD" is not an amount: expected dollars such as 5, 0\.25 or \$1,000\.00/],
	['quota set globex --limit 1e3', 2, /"1e3" is not an amount/],
	['quota set globex --limit -1', 2, /"-1" is not an amount/],
	['quota set globex --limit 1,00', 2, /"1,00" is not an amount/],
	['quota set globex --limit 0.0000000001', 2, /is not an amount/],
	['quota set globex --limit 99999999', 2, /"99999999" is too much: expected at most \$9007199/],
	['quota set globex --limit', 2, /option '--limit <usd>' argument missing/],
	['quota set globex --limit 5 --soft-limit x', 2, /--soft-limit "x" is not an amount/],
	['quota set globex --soft-limit 4', 0, /soft limit: \$4\.00/],
	['quota set globex --soft-limit 6', 2, /soft limit, \$6\.00, to be at most its limit, \$5\.00 \(--soft-limit none/],
	['quota set globex --limit 3', 2, /soft limit, \$4\.00, to be at most its limit, \$3\.00 \(--soft-limit none/],
	['quota set globex --soft-limit none', 0, /^tenant globex: [^\n]+\n$/],
	['quota set globex --period total', 0, /\$5\.00 in total/],
	['quota set globex --time-zone Europe/Berlin', 0, /Europe\/Berlin/],
	['quota set globex --time-zone Asia/Kathmandu', 0, /Asia\/Kathmandu/],
	['quota set globex --time-zone +02:00', 2, /expected an IANA time zone such as Europe\/Berlin/],
	['quota set globex --time-zone Mars/Olympus', 2, /expected an IANA time zone/],
	[`quota set globex --time-zone ${whereItIsNoon()}`, 0, /Etc\/GMT/],
	['quota set globex --period week', 0, /a week \(from monday\)/],
	['quota set globex --week-start sunday', 0, /a week \(from sunday\)/],
	['quota set globex --week-start Montag', 2, /'Montag' is invalid\. Allowed choices are monday, tuesday/],
	['quota set globex --period fortnight', 2, /Allowed choices are day, week, month, total/],
	['quota set globex --period day', 0, /\$5\.00 a day/],
	['quota set globex --pacing even', 0, /even pacing/],
	['quota set globex --pacing slow', 2, /Allowed choices are even, eager/],
	['quota set globex --images 9000', 0, /images expected: 9000/],
	['quota set globex --images many', 2, /--images many: expected a whole number\n/],
	['quota set globex --images 0', 0, /^(?!.*images expected)/s],
	['quota set globex --floor 0.9', 0, /floor: expected accuracy 0\.9; below it images wait/],
	['quota set globex --floor .9', 0, /floor: expected accuracy 0\.9; below it images wait/],
	['quota set globex --floor p2', 0, /floor: policy p2/],
	[
		'quota set globex --floor 1.2',
		2,
		/--floor "1\.2" is not a quality: expected an accuracy from 0 to 1, or a policy such as p2/,
	],
	['quota set globex --floor 90%', 2, /is not a quality/],
	[
		'quota set globex --floor p9',
		2,
		/--floor p9: model cifar10-resnet does not have that: expected one of its policies look, p0, .*p5-mirrored/,
	],
	[
		'quota set globex --ceiling 0.99',
		2,
		/--ceiling 0\.99: model cifar10-resnet .*: expected an accuracy of at most 0\.9\d+/,
	],
	[
		'quota set globex --floor 0.8 --model cifar100-resnet',
		2,
		/model cifar100-resnet .*: expected an accuracy of at most 0\.7/,
	],
	['quota set globex --floor 0.8 --model nobody', 2, /model "nobody" is not there/],
	['quota show globex', 0, /floor: policy p2/],
	['quota set globex --floor none', 0, /^(?!.*floor)/s],
	['quota set globex --ceiling p4', 0, /ceiling: policy p4/],
	['quota set globex --ceiling none', 0, /^(?!.*ceiling)/s],
	['quota set globex --budget 5', 2, /unknown option '--budget'/],
	['quota set globex initech --limit 5', 2, /too many arguments/],
	['quota set ../acme --limit 5', 2, /expected a tenant/],
	['quota suspend globex', 0, /suspended: its images wait/],
	['quota suspend globex', 0, /suspended: its images wait/],
	['status globex', 0, /globex .* suspended\n$/],
	['quota set globex --limit 6', 0, /suspended: its images wait/],
	['quota resume globex', 0, /^(?!.*suspended)/s],
	['quota suspend nobody', 2, /tenant nobody has no quota/],
	['quota list --json', 0, /^\[\{"tenant":"acme".*\{"tenant":"globex".*\]\n$/],
	['quota delete globex', 2, /unknown command 'delete'/],
	['quota', 2, /Usage: budgetnet quota/],
	['quota --help', 0, /--stack <name>.*set \[options\] <tenant>/s],
	[
		'status',
		0,
		/^tenant +period +limit +spent +reserved +left[^\n]*\nacme +\d{4}-\d{2} [^\n]*\nglobex +\d{4}-\d{2}-\d{2} /,
	],
	[
		'status acme --json',
		0,
		/"limitNanoUsd":2000000000,"spentNanoUsd":0,.*"deferredImages":0,"inFlightBatches":0,"inFlightImages":0/,
	],
	['quota set acme --floor p4 --ceiling p0', 2, /floor p4 takes more compute than ceiling p0 allows/],
	['quota set acme --limit 1 --model nosuch', 2, /model "nosuch" is not there/],
	['quota set acme --limit 0,250', 2, /"0,250" is not an amount/],
	['results --tenant acme --since 2026-12-01 --until 2026-11-01', 2, /expected the earlier day first/],
	['status nobody', 2, /tenant nobody has no quota/],
	['status A/B', 2, /expected a tenant/],
	['journal show acme', 0, /^tenant acme, \d{4}-\d{2}: 0 batches billed, \$0\.00\n$/],
	['journal show acme --period 2026-01', 2, /tenant acme has no account "2026-01": expected one of its accounts/],
	['journal show acme --period january', 2, /expected a period such as 2026-11/],
	['journal show nobody', 2, /tenant nobody has no quota/],
	['journal check', 0, /they agree to the nano-USD/],
	['journal check nobody', 2, /tenant nobody has no quota/],
	['journal check acme --json', 0, /"findings":\[\]/],
	['stop --tenant nobody', 2, /tenant nobody has no quota/],
	['start --tenant nobody', 2, /tenant nobody has no quota/],
	['stop --tenant acme', 0, /^tenant acme is stopped\n$/],
	['status acme', 0, / stopped\n$/],
	['start --tenant acme', 0, /^tenant acme is started\n$/],
	[
		'retry --tenant acme --batch 20261130T000000000Z-00000000',
		2,
		/tenant acme has no batch 20261130T000000000Z-00000000/,
	],
	['journal', 2, /Usage: budgetnet journal/],
];

test('each command line ends with its exit code and says what it did, or what was expected', async () => {
	await expectLines(lines, up.environment);
});

describe('journal check', () => {
	test('finds an account that does not agree with its journal', async () => {
		const { clients } = up;
		const { ledger } = createStores(clients, { resultsBucket: 'budgetnet-results', tablePrefix: 'budgetnet' });
		const wish = { tenant: 'forged', limitNanoUsd: 100, period: 'total' as const };
		await ledger.ensureAccount(await ledger.setQuota(wish, Date.now()), 'total', undefined);
		expect((await budgetnet('journal check forged')).status).toBe(0);
		await clients.dynamodb.send(
			new UpdateCommand({
				TableName: tableNames('budgetnet').ledger,
				Key: ledgerKeys.account('forged', 'total'),
				UpdateExpression: 'SET spentNanoUsd = :seven',
				ExpressionAttributeValues: { ':seven': 7 },
			}),
		);
		const { status, stdout } = await budgetnet('journal check forged');
		expect(stdout).toContain('spentNanoUsd is 7, the journal makes it 0');
		expect(status).toBe(4);
	});
});
