import { defineConfig } from 'vitest/config';
import './functions/onnx/no-telemetry.ts'; // here, for within a test process.env is a copy

export default defineConfig({
	test: {
		include: ['functions/**/*.test.ts', 'scripts/**/*.test.ts', 'infra-tests/**/*.test.ts'],
		exclude: ['infra-tests/localstack/**'], // npm run test:localstack
		testTimeout: 60_000,
		hookTimeout: 60_000,
		// The machine that counts has two cores; each file with an emulator or a session uses one of them.
		maxWorkers: 2,
	},
});
