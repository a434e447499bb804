/**
 * How people write the ten digits: a few ways each, as strokes through points by hand. Data only; digits.ts draws it.
 *
 * A point is `x,y` in hundredths of the unit square, y downwards. A stroke is a smooth curve through its points; a
 * corner is where one stroke ends and the next begins.
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}
export type Stroke = readonly Point[];
export type Glyph = readonly Stroke[];

const ZERO = [
  ['50,8 28,20 20,50 28,80 50,92 72,80 80,50 72,20 50,8'],
  ['58,10 36,18 26,50 36,84 55,91 70,72 73,38 60,14 42,12'],
];
const ONE = [['50,8 50,92'], ['32,30 52,8', '52,8 52,92'], ['36,24 52,8', '52,8 50,92', '32,92 70,92']];
const TWO = [
  ['24,28 34,13 55,8 74,20 73,40 52,64 24,91', '24,91 80,90'],
  ['26,26 42,10 66,14 72,34 56,60 36,82 25,86 24,76 36,74 60,88 80,84'],
];
const THREE = [
  ['26,18 46,8 69,15 69,34 44,46', '44,46 72,55 77,75 55,92 24,84'],
  ['26,10 74,10', '74,10 44,40', '44,40 70,48 77,70 58,91 24,87'],
];
const FOUR = [
  ['30,10 22,58', '22,58 82,58', '64,14 62,92'],
  ['60,8 20,64', '20,64 82,64', '60,8 60,92'],
];
const FIVE = [
  ['74,10 32,10', '32,10 28,45', '28,45 50,38 72,50 75,70 56,91 24,86'],
  ['74,9 38,12', '38,12 31,44', '31,44 52,43 72,56 69,82 46,92 24,80'],
];
const SIX = [
  ['66,8 42,26 27,56 30,82 50,92 71,80 70,60 50,52 29,66'],
  ['56,6 36,36 26,66 36,88 58,90 73,74 62,58 42,58 27,74'],
];
const SEVEN = [
  ['22,12 78,12', '78,12 42,92'],
  ['22,12 77,12', '77,12 44,92', '34,52 70,50'],
  ['22,15 76,12', '76,12 60,38 48,66 44,92'],
];
const EIGHT = [
  ['68,20 50,8 31,19 35,36 52,48 71,64 71,82 50,92 29,82 29,64 48,48 65,36 68,20'],
  ['50,8 32,18 34,38 50,46 66,38 68,18 50,8', '50,46 28,58 26,80 50,92 74,80 72,58 50,46'],
];
const NINE = [
  ['71,28 56,9 34,14 26,32 38,48 58,46 71,28', '71,28 69,60 62,92'],
  ['72,26 58,9 34,13 27,32 40,47 60,44 72,26', '72,26 73,62 60,88 38,92 25,82'],
];

/** The ways of writing each digit: `GLYPHS[7][1]` is a seven with a bar. */
export const GLYPHS: readonly (readonly Glyph[])[] = [
  ZERO,
  ONE,
  TWO,
  THREE,
  FOUR,
  FIVE,
  SIX,
  SEVEN,
  EIGHT,
  NINE,
].map((ways) => ways.map((strokes) => strokes.map(parseStroke)));

function parseStroke(text: string): Stroke {
  return text.split(' ').map((pair) => {
    const [x = 0, y = 0] = pair.split(',').map(Number);
    return { x: x / 100, y: y / 100 };
  });
}
