/*
 * out [rows, columns] = clamp(x [rows, depth] times the kernel, plus the bias): dense layers, and convolutions of 1x1.
 */
#include "strip.h"

/* Floats of x that stay in the second cache while every panel of weights passes them. */
enum { BLOCK_FLOATS = 16384 };

/* Row-major kernel [depth, columns] and bias [columns], or null, into packed weights. */
EXPORT(pack_dense)
void pack_dense(const float *kernel, const float *bias, float *weights, int depth, int columns) {
  const int size = panel_size(depth);
  clear(weights, size * (round_up(columns, TILE_COLUMNS) / TILE_COLUMNS));
  if (bias) pack(bias, 0, 1, weights, size, 1, columns, TILE_COLUMNS);
  pack(kernel, columns, 1, weights + TILE_COLUMNS, size, depth, columns, TILE_COLUMNS);
}

typedef struct {
  const float *x, *weights;
  float *out;
  int depth, columns;
  vec low, high;
} layer;

/* Inlined for each shape of strip. */
INLINE void dense_strip(const layer *l, int rows, int panels, int row, int column) {
  const int size = panel_size(l->depth);
  const float *weights = l->weights + column / TILE_COLUMNS * size;
  strip s = strip_of_biases(rows, panels, weights, size);
  s = strip_add_product(s, rows, panels, l->x + row * l->depth, l->depth, weights + TILE_COLUMNS, size, l->depth);
  strip_store(s, rows, panels, l->out + row * l->columns + column, l->columns, l->columns - column, l->low, l->high);
}

/* Up to four columns that are left: half a panel, whose other half is 0. */
INLINE void dense_tail(const layer *l, int rows, int row, int column) {
  const int depth = l->depth;
  const float *x = l->x + row * depth, *weights = l->weights + column / TILE_COLUMNS * panel_size(depth);
  vec sums[STRIP_ROWS];
  UNROLL for (int r = 0; r < rows; r++) sums[r] = load(weights);
  for (int k = 0; k < depth; k++) {
    const vec weight = load(weights += TILE_COLUMNS);
    UNROLL for (int r = 0; r < rows; r++) sums[r] = multiply_add(load_splat(x + r * depth + k), weight, sums[r]);
  }
  float *out = l->out + row * l->columns + column;
  UNROLL for (int r = 0; r < rows; r++)
    store_some(out + r * l->columns, clamp(sums[r], l->low, l->high), l->columns - column);
}

/* Few rows: a strip is made wide instead, else it would wait for its own sums. */
INLINE void dense_rows(const layer *l, int rows, int panels, int row) {
  const int width = panels * TILE_COLUMNS;
  int column = 0;
  for (; column + width <= l->columns; column += width) dense_strip(l, rows, panels, row, column);
  for (; column < l->columns; column += TILE_COLUMNS) dense_strip(l, rows, 1, row, column);
}

EXPORT(dense)
void dense(const float *x, const float *weights, float *out, int rows, int depth, int columns, float low, float high) {
  const layer l = {x, weights, out, depth, columns, splat(low), splat(high)};
  const int whole = rows / STRIP_ROWS * STRIP_ROWS;
  const int block = larger(STRIP_ROWS, BLOCK_FLOATS / depth / STRIP_ROWS * STRIP_ROWS);
  for (int start = 0; start < whole; start += block) {
    const int end = smaller(start + block, whole);
    int column = 0;
    for (; column + LANES < columns; column += TILE_COLUMNS)
      for (int row = start; row < end; row += STRIP_ROWS) dense_strip(&l, STRIP_ROWS, 1, row, column);
    if (column < columns)
      for (int row = start; row < end; row += STRIP_ROWS) dense_tail(&l, STRIP_ROWS, row, column);
  }
  switch (rows - whole) {
  case 3: dense_rows(&l, 3, 1, whole); break;
  case 2: dense_rows(&l, 2, 2, whole); break;
  case 1: dense_rows(&l, 1, 4, whole); break;
  }
}
