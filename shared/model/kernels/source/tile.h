/*
 * The one inner loop of all matrix products: a tile of up to four rows and eight columns, summed in registers.
 *
 * The right operand comes in panels, [ceil(columns / 8)][depth][8], so that a tile reads it in one stream.
 */
#pragma once
#include "simd.h"

/* The halves of each row: columns 0 to 3 and 4 to 7. Constant indices only, or it moves from registers to memory. */
typedef struct {
  vec left[TILE_ROWS];
  vec right[TILE_ROWS];
} tile;

/* All rows start with the same eight values: a bias, or zeros. */
INLINE tile tile_of(vec left, vec right) {
  tile t;
  UNROLL for (int r = 0; r < TILE_ROWS; r++) {
    t.left[r] = left;
    t.right[r] = right;
  }
  return t;
}

INLINE tile zero_tile(void) { return tile_of(splat(0), splat(0)); }

/*
 * t[r][c] += sum over s of a[r * row_stride + s * step_stride] * panel[s][c], for s = 0, 1, 2, …: the order of the
 * sum never depends on the shape of the whole product.
 */
INLINE tile tile_add_product(tile t, int rows, const float *a, int row_stride, int step_stride, const float *panel,
                             int depth) {
  for (int s = 0; s < depth; s++, a += step_stride, panel += TILE_COLUMNS) {
    const vec left = load(panel), right = load(panel + LANES);
    UNROLL for (int r = 0; r < rows; r++) {
      const vec x = load_splat(a + r * row_stride);
      t.left[r] = multiply_add(x, left, t.left[r]);
      t.right[r] = multiply_add(x, right, t.right[r]);
    }
  }
  return t;
}

INLINE void tile_store(tile t, int rows, float *out, int out_stride, int columns) {
  UNROLL for (int r = 0; r < rows; r++, out += out_stride) {
    store_some(out, t.left[r], columns);
    if (columns > LANES) store_some(out + LANES, t.right[r], columns - LANES);
  }
}

/* [depth, columns] at any strides into panels of `width` columns; the missing columns of the last one become 0. */
INLINE void pack(const float *from, int row_stride, int column_stride, float *panels, int panel_stride, int depth,
                 int columns, const int width) {
  for (int c = 0; c < columns; c += width, panels += panel_stride) {
    const int present = smaller(width, columns - c);
    float *to = panels;
    for (int s = 0; s < depth; s++, to += width) {
      const float *row = from + s * row_stride + c * column_stride;
      if (present == width && column_stride == 1) {
        UNROLL for (int j = 0; j < width; j += LANES) store(to + j, load(row + j));
      } else {
        UNROLL for (int j = 0; j < width; j++) to[j] = j < present ? row[j * column_stride] : 0;
      }
    }
  }
}

/* What tiles read on the right: [ceil(columns / 8)][depth][8]. */
INLINE void pack_right(const float *from, int row_stride, int column_stride, float *panels, int depth, int columns) {
  pack(from, row_stride, column_stride, panels, depth * TILE_COLUMNS, depth, columns, TILE_COLUMNS);
}

/* What tiles read on the left when it is transposed: [ceil(columns / 4)][depth][4]. */
INLINE void pack_left(const float *from, int row_stride, float *panels, int depth, int columns) {
  pack(from, row_stride, 1, panels, depth * TILE_ROWS, depth, columns, TILE_ROWS);
}
