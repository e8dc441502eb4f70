import { stat } from 'node:fs/promises';
import { Command } from 'commander';
import { checkPackage, type PackageCheck } from '../onnx/check-package.ts';
import { loadPackage } from '../onnx/package-files.ts';
import { packageFolder } from './packages.ts';

/** `budgetnet model check PACKAGE`: whether a package is whole, and gives its promised answers on this machine. */
export function modelCommand(): Command {
	const check = new Command('check')
		.description(
			'check a model package: its files, digest and MACs, and the answers that its policies and agent give on this machine',
		)
		.argument('<package>', 'folder of the package, or the name of one in models/packages')
		.option('--json', 'print as JSON')
		.action(async (name: string, options: { json?: boolean }) => {
			const isFolder = (await stat(name).catch(() => undefined))?.isDirectory() ?? false;
			const pkg = await loadPackage(isFolder ? name : await packageFolder(name));
			const found = await checkPackage(pkg);
			const { card } = pkg;
			const whole = { name: card.name, version: card.version, digest: card.digest, ...found };
			process.stdout.write(`${options.json ? JSON.stringify(whole) : describe(card.name, card.version, found)}\n`);
		});
	return new Command('model').description('check model packages').addCommand(check);
}

function describe(name: string, version: string, { provider, images, policies }: PackageCheck): string {
	const lines = policies.map(
		({ id, deviation, valueDeviation }) =>
			`${id}: logits within ${deviation.toExponential(1)}, agent within ${valueDeviation.toExponential(1)}`,
	);
	return [
		`${name} ${version} is intact: its files, digest and MACs are as its card says`,
		`${images} images on ${provider}:`,
		...lines,
	].join('\n');
}
