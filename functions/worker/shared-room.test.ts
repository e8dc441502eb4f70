import { expect, test } from 'vitest';
import { createSharedRoom } from './shared-room.ts';

test('the same memory is reused, and replaced only where it is too small', () => {
	const room = createSharedRoom();
	const first = room(10);
	const smaller = room(5);
	const larger = room(20);
	expect([first, smaller, larger].map(({ length }) => length)).toEqual([10, 5, 20]);
	expect(smaller.buffer).toBe(first.buffer);
	expect(larger.buffer).not.toBe(first.buffer);
	expect(larger.buffer).toBeInstanceOf(SharedArrayBuffer);
});
