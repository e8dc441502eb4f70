/** Images mirrored left to right: `pixels` uint8, rows of `width` pixels of 3 bytes. @returns a copy */
export function mirror(pixels: Uint8Array, width: number): Uint8Array {
	const mirrored = new Uint8Array(pixels.length);
	const rowBytes = width * 3;
	for (let row = 0; row < pixels.length; row += rowBytes) {
		let to = row + rowBytes - 3;
		for (let from = row; from < row + rowBytes; from += 3, to -= 3) {
			mirrored[to] = pixels[from] as number;
			mirrored[to + 1] = pixels[from + 1] as number;
			mirrored[to + 2] = pixels[from + 2] as number;
		}
	}
	return mirrored;
}
