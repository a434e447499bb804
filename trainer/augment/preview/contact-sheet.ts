/**
 * A contact sheet: a row for each example, the original at the left, its copies to the right of it.
 */
import type { Picture } from '../../report/page/png.ts';
import type { PicturePreview } from './preview.ts';

const PAPER = 255;
const GAP = 8;
/** Between an original and its copies. */
const MARGIN = 24;
/** Small pictures are drawn in larger pixels, until their sides are about this long. */
const WANTED_SIDE = 112;

interface Shape {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
}

/** @param previews  at least one, all with as many copies */
export function layOutSheet(previews: readonly PicturePreview[], shape: Shape): Picture {
  const zoom = Math.max(1, Math.round(WANTED_SIDE / Math.max(shape.height, shape.width)));
  const [cellHeight, cellWidth] = [zoom * shape.height, zoom * shape.width];
  const copies = previews[0]?.copies.length ?? 0;
  const width = 2 * GAP + cellWidth + MARGIN + copies * (cellWidth + GAP) - (copies > 0 ? GAP : MARGIN);
  const height = GAP + previews.length * (cellHeight + GAP);
  const pixels = new Uint8Array(height * width * shape.channels).fill(PAPER);
  const sheet = { height, width, channels: shape.channels, pixels };
  for (const [row, { original, copies }] of previews.entries()) {
    const top = GAP + row * (cellHeight + GAP);
    place(sheet, { ...shape, pixels: original }, top, GAP, zoom);
    for (const [i, copy] of copies.entries()) {
      const left = GAP + cellWidth + MARGIN + i * (cellWidth + GAP);
      place(sheet, { ...shape, pixels: copy.pixels }, top, left, zoom);
    }
  }
  return sheet;
}

/** Draws a picture with every pixel as a square of `zoom` pixels. */
function place(
  sheet: Picture,
  { height, width, channels, pixels }: Picture,
  top: number,
  left: number,
  zoom: number,
): void {
  for (let y = 0; y < height * zoom; y++) {
    for (let x = 0; x < width * zoom; x++) {
      const from = (Math.floor(y / zoom) * width + Math.floor(x / zoom)) * channels;
      const to = ((top + y) * sheet.width + left + x) * channels;
      for (let c = 0; c < channels; c++) sheet.pixels[to + c] = pixels[from + c] as number;
    }
  }
}
