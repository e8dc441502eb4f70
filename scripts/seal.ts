/** `npm run seal -- NAME`: completes the card of a package that the recipe exported. */
import { join } from 'node:path';
import { sealPackage } from '../functions/evaluate/seal.ts';
import { told } from './told.ts';

const name = process.argv[2];
if (!name || !/^[a-z0-9-]+$/.test(name)) {
	process.stderr.write('usage: npm run seal -- NAME, where models/packages/NAME is an exported package\n');
	process.exit(2);
}
const models = join(import.meta.dirname, '..', 'models');
await told('seal', async () => {
	const card = await sealPackage(join(models, 'packages', name), join(models, 'outcomes', name));
	process.stdout.write(`${card.name} ${card.version} ${card.digest}\n`);
	for (const { share, macs, accuracy } of card.curve)
		process.stdout.write(`${share}\t${(macs / 1e6).toFixed(1)} M\t${accuracy}\n`);
});
