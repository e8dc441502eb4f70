/** Keys as people and programs really make them, and the longest possible one. */
export const oddKeys = [
	'acme/plain.png',
	'acme/with space and + plus.png',
	'acme/100% %2F%20.png',
	'acme/../up.png',
	'acme/./dot//double.png',
	'acme/Käse-日本-🐱.png',
	'acme/quote"\'&<>?#=;:,@$[]{}|\\^`~!*().png',
	`acme/${'k'.repeat(1024 - 5)}`,
	`acme/${'🐱'.repeat(254)}abc`,
];
