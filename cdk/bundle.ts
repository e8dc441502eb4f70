/** How a function's code becomes one file of ES modules, including the SDK, whose version is then the lockfile's. */
export const bundle = {
	format: 'esm',
	target: 'node24',
	mainFields: ['module', 'main'],
	// CommonJS packages load Node's own modules by a `require` that ES modules lack.
	banner: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
} as const;
