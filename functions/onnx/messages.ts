import type { ErrorCode } from '../core/errors.ts';
import type { ModelPackage } from './package-files.ts';
import type { Provider } from './provider.ts';

/** What the inference thread is started with. */
export interface ThreadData {
	package: ModelPackage;
	threads: number;
}

/** What a run says of its images. */
export interface RunAnswer {
	/** images x classes */
	logits: Float32Array<ArrayBuffer>;
	/** What the agent made of them (core/advice.ts), images x `valuesWidth`; undefined after the last policy. */
	values: Float32Array<ArrayBuffer> | undefined;
}

/** Main loop to thread. After `close` nothing more is sent. */
export type Request =
	| { kind: 'run'; id: number; policy: number; pixels: Uint8Array; images: number }
	| { kind: 'close' };

/** Thread to main loop: `ready` once, then one answer a run, in the order of the runs. */
export type Answer =
	| { kind: 'ready'; provider: Provider }
	| ({ kind: 'done'; id: number } & RunAnswer)
	| { kind: 'failed'; id: number; code: ErrorCode; message: string };
