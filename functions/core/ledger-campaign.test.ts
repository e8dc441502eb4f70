import { expect, test } from 'vitest';
import { runCampaigns } from './testing/ledger-campaign.ts';

const commandsMin = 10_000;

test(`${commandsMin} commands, doubled, interleaved and killed between writes, over months: the limit holds and the journal agrees`, async () => {
	const { commands, deaths, grants, bills } = await runCampaigns(commandsMin);
	expect(commands).toBeGreaterThanOrEqual(commandsMin);
	expect(Math.min(deaths, grants, bills)).toBeGreaterThan(commandsMin / 100); // they were not all refused
});
