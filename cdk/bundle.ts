/** How a function's code becomes one file of ES modules, the SDK included: its version is then the lockfile's. */
export const bundle = {
	format: 'esm',
	target: 'node24',
	mainFields: ['module', 'main'],
	// Packages in CommonJS ask for Node's own modules by a `require` that ES modules lack.
	banner: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
} as const;
