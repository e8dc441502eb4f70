import type { ErrorCode } from '../core/errors.ts';
import type { ModelPackage } from './package-files.ts';
import type { Provider } from './provider.ts';

/** What the inference thread is started with. */
export interface ThreadData {
	package: ModelPackage;
	threads: number;
}

/** Main loop to thread. After `close` nothing more is sent. */
export type Request =
	| { kind: 'run'; id: number; policy: number; pixels: Uint8Array; images: number }
	| { kind: 'close' };

/** Thread to main loop: `ready` once, then one answer a run, in the order of the runs. */
export type Answer =
	| { kind: 'ready'; provider: Provider }
	| { kind: 'logits'; id: number; logits: Float32Array<ArrayBuffer> }
	| { kind: 'failed'; id: number; code: ErrorCode; message: string };
