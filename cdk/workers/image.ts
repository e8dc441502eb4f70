import { join } from 'node:path';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { Settings } from '../settings-schema.ts';

const root = join(import.meta.dirname, '..', '..');

/** The worker's image, built when the stack is deployed; .dockerignore lists what goes in. */
export function workerImage({ workers, modelPackage }: Settings): ContainerImage {
	return ContainerImage.fromAsset(root, {
		file: 'functions/worker/Dockerfile',
		target: workers,
		platform: Platform.LINUX_AMD64,
		buildArgs: { MODEL_PACKAGE: modelPackage },
		assetName: 'worker',
	});
}
