import type { DecodedImage } from './decode-image.js';

/**
 * An image in another size. Every new pixel is the mean of the old ones that it covers, each by the share that is covered; where it covers
 * less than one, that of its middle and its neighbours by distance.
 *
 * @returns `[height × width × channels]`.
 */
export function scaleImage(
  { data, height: fromHeight, width: fromWidth, channels }: DecodedImage,
  height: number,
  width: number,
): Uint8Array {
  if (fromHeight === height && fromWidth === width) return data;
  const rows = sharesOf(fromHeight, height);
  const columns = sharesOf(fromWidth, width);
  const scaled = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (const [row, ofRow] of rows[y] ?? []) {
          for (const [column, ofColumn] of columns[x] ?? [])
            sum += ofRow * ofColumn * (data[(row * fromWidth + column) * channels + c] as number);
        }
        scaled[(y * width + x) * channels + c] = Math.round(sum);
      }
    }
  }
  return scaled;
}

/** By new place: the old ones that it is made of, and their shares, which sum to 1. */
function sharesOf(from: number, to: number): (readonly [place: number, share: number])[][] {
  const step = from / to;
  return Array.from({ length: to }, (_, place) => {
    const half = Math.max(1, step) / 2;
    const middle = (place + 0.5) * step;
    const found: [number, number][] = [];
    for (let old = Math.floor(middle - half); old < middle + half; old++) {
      const share = Math.min(old + 1, middle + half) - Math.max(old, middle - half);
      if (share > 1e-9) found.push([Math.min(from - 1, Math.max(0, old)), share / (2 * half)]);
    }
    return found;
  });
}
