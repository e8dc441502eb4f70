import { defineConfig } from 'vitest/config';
import './functions/onnx/no-telemetry.ts'; // here, for within a test process.env is a copy

/**
 * `npm run test:localstack`: the contract suites of S3 and SQS, and the pipeline, on one LocalStack, one file at a
 * time.
 */
export default defineConfig({
	test: {
		include: [
			'functions/aws/{drops,image-list,images,manifests,outcomes,queue}.test.ts',
			'infra-tests/localstack/*.test.ts',
		],
		globalSetup: 'infra-tests/localstack/setup.ts',
		fileParallelism: false,
		testTimeout: 120_000,
		hookTimeout: 300_000,
	},
});
