import { readFileSync } from 'node:fs';
import { pairedDifference } from '../functions/evaluate/bootstrap.ts';
import { crossFit } from '../functions/evaluate/crossfit.ts';
import { fitAgent } from '../functions/evaluate/fit.ts';
import { loadTable } from '../functions/evaluate/table.ts';

const dir = process.argv[2] ?? '/tmp/labtable';
const card = JSON.parse(readFileSync(dir + '/draft.json', 'utf8'));
const table = await loadTable(dir, 'holdout');
let t = Date.now();
const agent = fitAgent(
	card,
	table,
	Array.from({ length: table.images }, (_, i) => i),
);
console.log('fit', Date.now() - t, agent.macs, JSON.stringify(agent.starts), card.results.holdout);
t = Date.now();
const shares = [0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9, 1];
const rows = crossFit(card, table, shares, 512, 1);
console.log('cross', Date.now() - t);
for (const s of shares) {
	const at = (m: string) => rows.find((r) => r.method === m && r.share === s)!;
	const acc = (m: string) => ((100 * at(m).right.reduce((a, b) => a + b, 0)) / 5000).toFixed(2);
	const d = pairedDifference(at('gate').right, at('static-mix').right, 1);
	const full = card.policies.at(-1).macs;
	console.log(
		s,
		'gate',
		acc('gate'),
		(at('gate').macsPerImage / full).toFixed(3),
		'single',
		acc('single'),
		'mix',
		acc('static-mix'),
		'cascade',
		acc('cascade'),
		'oracle',
		acc('oracle'),
		'diff',
		[d.mean, d.low, d.high].map((x) => (100 * x).toFixed(2)).join(' '),
	);
}
