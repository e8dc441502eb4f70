import { formatUsd } from '../core/money.ts';
import type { TenantRun } from './run.ts';

/** The demo's table, for a terminal. */
export function tableOf(runs: readonly TenantRun[]): string {
	const head = [
		'tenant',
		'quota',
		'images',
		'labelled',
		'failed',
		'deferred',
		'accuracy',
		'share of full MACs',
		'limit',
		'spent',
		'images/s',
	];
	const rows = runs.map(({ tenant, summary }) => [
		summary.tenant,
		tenant.quota,
		String(summary.images),
		String(summary.labelled),
		String(summary.failed),
		String(summary.deferred),
		`${(100 * summary.accuracy).toFixed(1)} %`,
		`${(100 * summary.share).toFixed(1)} %`,
		formatUsd(summary.limitNanoUsd),
		formatUsd(summary.spentNanoUsd),
		summary.imagesPerSecond.toFixed(0),
	]);
	const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => (row[i] as string).length)));
	const line = (cells: readonly string[]) =>
		cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number))).join('  ');
	return [line(head), ...rows.map(line)].join('\n');
}
