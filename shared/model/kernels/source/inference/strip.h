/*
 * A strip of the output of a product: a few rows by one or more panels, summed in registers.
 *
 * Every output starts with its bias and adds its terms in the order of the depth, in a strip of any shape: the bits of
 * an example never depend on how many come with it.
 *
 * Packed weights: [ceil(columns / 8)][1 + depth][8], the biases in front; missing columns are 0.
 */
#pragma once
#include "../tile.h"

/*
 * What comes before in an unrolled loop stays before: compilers would begin with all its loads, of which there are more
 * than registers, and walk over addresses that they keep likewise. No instruction.
 */
#define IN_ORDER(value) __asm__ volatile("" : "+r"(value)::"memory")

enum { STRIP_ROWS = 4, STRIP_PANELS = 4 };

/* Up to eight vectors are used, whatever the shape. Constant indices only, or it moves from registers to memory. */
typedef struct {
  vec left[STRIP_ROWS][STRIP_PANELS];
  vec right[STRIP_ROWS][STRIP_PANELS];
} strip;

INLINE int panel_size(int depth) { return (1 + depth) * TILE_COLUMNS; }

INLINE strip strip_of_biases(int rows, int panels, const float *weights, int size) {
  strip s;
  UNROLL for (int r = 0; r < rows; r++) UNROLL for (int p = 0; p < panels; p++) {
    s.left[r][p] = load(weights + p * size);
    s.right[r][p] = load(weights + p * size + LANES);
  }
  return s;
}

/* s[r][c] += sum over k of a[r * row_stride + k] * weights[k][c] */
INLINE strip strip_add_product(strip s, int rows, int panels, const float *a, int row_stride, const float *weights,
                               int size, int depth) {
  for (int k = 0; k < depth; k++, a++, weights += TILE_COLUMNS) {
    UNROLL for (int p = 0; p < panels; p++) {
      const vec left = load(weights + p * size), right = load(weights + p * size + LANES);
      UNROLL for (int r = 0; r < rows; r++) {
        const vec x = load_splat(a + r * row_stride);
        s.left[r][p] = multiply_add(x, left, s.left[r][p]);
        s.right[r][p] = multiply_add(x, right, s.right[r][p]);
      }
    }
  }
  return s;
}

/*
 * One instruction each, unlike wasm_f32x4_min and -max, which engines compose. In this order of operands NaN stays.
 */
INLINE vec clamp(vec x, vec low, vec high) { return wasm_f32x4_pmin(wasm_f32x4_pmax(x, low), high); }

/* The first `columns` of the strip's, each clamped. */
INLINE void strip_store(strip s, int rows, int panels, float *out, int out_stride, int columns, vec low, vec high) {
  UNROLL for (int r = 0; r < rows; r++, out += out_stride) UNROLL for (int p = 0; p < panels; p++) {
    float *to = out + p * TILE_COLUMNS;
    const int present = columns - p * TILE_COLUMNS;
    store_some(to, clamp(s.left[r][p], low, high), present);
    if (present > LANES) store_some(to + LANES, clamp(s.right[r][p], low, high), present - LANES);
  }
}
