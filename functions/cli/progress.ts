import cliProgress from 'cli-progress';

export interface Progress {
	update(done: number, total: number): void;
	stop(): void;
}

const plainIntervalMs = 2000;

/** A bar on a terminal, a plain line every two seconds elsewhere; on standard error, from the first `update` on. */
export function startProgress(what: string): Progress {
	return process.stderr.isTTY ? startBar(what) : startLines(what);
}

function startBar(what: string): Progress {
	const format = `${what} {bar} {value}/{total} | {duration_formatted}`;
	const bar = new cliProgress.SingleBar(
		// leaves the terminal's settings as they are: nobody restores them after Ctrl-C
		{ format, stream: process.stderr, linewrap: true },
		cliProgress.Presets.shades_classic,
	);
	return {
		update(done, total) {
			if (!bar.isActive) bar.start(total, 0);
			bar.update(done);
		},
		stop: () => bar.stop(),
	};
}

function startLines(what: string): Progress {
	let lastMs = 0;
	let last = -1;
	return {
		update(done, total) {
			if (done === last || (done !== total && Date.now() - lastMs < plainIntervalMs)) return;
			lastMs = Date.now();
			last = done;
			process.stderr.write(`${what} ${done}/${total}\n`);
		},
		stop() {},
	};
}
