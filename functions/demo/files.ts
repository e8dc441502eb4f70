import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../core/parse.ts';

/** Files that people drop by mistake: each must fail alone, with a reason. */
const notImages: Record<string, string | Uint8Array> = {
	'notes.txt': 'Not an image: a shopping list.\n',
	'empty.png': '',
	'page.jpg': '<!doctype html><title>404</title>',
};

/** Fills `folder` with the sample's images and with files that are not images; returns the truth by file name. */
export async function prepareFolder(sample: string, folder: string): Promise<ReadonlyMap<string, string>> {
	await rm(folder, { recursive: true, force: true });
	await mkdir(folder, { recursive: true });
	await cp(join(sample, 'images'), folder, { recursive: true });
	for (const [name, content] of Object.entries(notImages)) await writeFile(join(folder, name), content);
	const whole = await readFile(join(folder, '0000.png'));
	await writeFile(join(folder, 'cut-off.png'), whole.subarray(0, whole.length / 2));
	const truth = parseJson(
		z.record(z.string(), z.string()),
		await readFile(join(sample, 'truth.json'), 'utf8'),
		'truth.json',
	);
	return new Map(Object.entries(truth));
}
