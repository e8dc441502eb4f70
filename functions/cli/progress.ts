import cliProgress from 'cli-progress';

export interface Progress {
	update(done: number): void;
	stop(): void;
}

const plainIntervalMs = 2000;

/** A bar on a terminal, a plain line every two seconds elsewhere; on standard error. */
export function startProgress(what: string, total: number): Progress {
	return process.stderr.isTTY ? startBar(what, total) : startLines(what, total);
}

function startBar(what: string, total: number): Progress {
	const format = `${what} {bar} {value}/{total} | {duration_formatted}`;
	const bar = new cliProgress.SingleBar(
		{ format, stream: process.stderr, hideCursor: true },
		cliProgress.Presets.shades_classic,
	);
	bar.start(total, 0);
	return { update: (done) => bar.update(done), stop: () => bar.stop() };
}

function startLines(what: string, total: number): Progress {
	let lastMs = 0;
	let last = -1;
	const print = (done: number) => {
		lastMs = Date.now();
		last = done;
		process.stderr.write(`${what} ${done}/${total}\n`);
	};
	return {
		update(done) {
			if (done !== last && (done === total || Date.now() - lastMs >= plainIntervalMs)) print(done);
		},
		stop() {},
	};
}
