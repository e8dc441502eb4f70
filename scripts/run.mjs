#!/usr/bin/env node
// The launcher: `node scripts/run.mjs FILE.ts [ARGUMENTS]`. Plain JavaScript that any Node >= 20 runs. It installs the
// dependencies when the lockfile changed, and runs FILE with a Node that strips types, has Float16Array, and gives
// shared memory to native code: the running one if it is new enough, otherwise the one that npm installed.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, constants } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const oldest = [24, 9];
// Its install script would fetch CUDA libraries; the CPU ones are in the package. Docker builds run it on purpose.
process.env.ONNXRUNTIME_NODE_INSTALL = 'skip';

installIfChanged();
run(findNode(), process.argv.slice(2));

function installIfChanged() {
	const lock = createHash('sha256')
		.update(readFileSync(join(root, 'package-lock.json')))
		.digest('hex');
	const wanted = `${lock} ${process.platform} ${process.arch}`; // a checkout may be shared by several systems
	const stamp = join(root, 'node_modules', '.budgetnet-lock');
	if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
	refuseUnknownSystem();
	process.stderr.write('Installing dependencies (once; npm ci)...\n');
	const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
	const options = { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' };
	const { status } = spawnSync(
		npm,
		['ci', '--include=dev', '--include=optional', '--ignore-scripts', '--loglevel=error'],
		options,
	);
	if (status !== 0) {
		process.stderr.write('npm ci failed: see above. Is the npm registry reachable?\n');
		process.exit(status ?? 1);
	}
	mkdirSync(dirname(stamp), { recursive: true });
	writeFileSync(stamp, wanted);
}

// Where native packages (onnxruntime, the emulators' database) have no binaries, nothing would say so but a missing
// module.
function refuseUnknownSystem() {
	const { platform, arch } = process;
	const isMusl = platform === 'linux' && process.report.getReport().header.glibcVersionRuntime === undefined;
	const known = ['linux x64', 'linux arm64', 'darwin arm64', 'win32 x64'];
	if (known.includes(`${platform} ${arch}`) && !isMusl) return;
	process.stderr.write(
		`${platform} ${arch}${isMusl ? ' with musl' : ''}: expected Linux with glibc on x64 or arm64, macOS on Apple silicon, or Windows on x64 (a container or WSL will do).\n`,
	);
	process.exit(1);
}

function findNode() {
	const [major, minor] = process.versions.node.split('.').map(Number);
	if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return process.execPath;
	const platform = process.platform === 'win32' ? 'win' : process.platform;
	const name = `node-${platform}-${process.arch}`;
	try {
		const folder = dirname(createRequire(join(root, 'package.json')).resolve(`${name}/package.json`));
		return join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
	} catch {
		process.stderr.write(
			`Node ${process.versions.node} is too old and ${name} is not on npm: install Node >= ${oldest.join('.')}.\n`,
		);
		process.exit(1);
	}
}

function run(node, [file, ...rest]) {
	// As many decoders as a worker in its container has, and threads beside them: decodersMin and lookupThreads of
	// functions/core/limits.ts, which this Node may not be able to read.
	const threads = { UV_THREADPOOL_SIZE: String(2 + Math.max(4, availableParallelism())) };
	const env = { ...threads, ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` };
	const child = spawn(node, [resolve(root, file), ...rest], { stdio: 'inherit', env });
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
		process.on(signal, () => {
			const fromTerminal = signal === 'SIGINT' && process.stdin.isTTY; // reaches the child by itself
			if (!fromTerminal) child.kill(signal);
		});
	}
	child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 1)));
	child.on('error', (error) => {
		process.stderr.write(`${node}: ${error.message}\n`);
		process.exit(1);
	});
}
