/*
 * A matrix product for TensorFlow.js: either operand transposed or not, a bias, a clamp.
 */
#include "matmul.h"

/* Floats of scratch that matmul takes. */
EXPORT(matmul_scratch)
int matmul_scratch(int rows, int depth, int columns, int transpose_a) {
  const int left = transpose_a ? round_up(rows, TILE_ROWS) * depth : 0;
  return left + round_up(columns, TILE_COLUMNS) * (1 + depth);
}

/*
 * out [rows, columns] = clamp(a b + bias)
 *
 * a: [rows, depth], or [depth, rows] where transposed; b: [depth, columns], or [columns, depth]; bias: [columns] or
 * null.
 */
EXPORT(matmul)
void matmul(const float *a, int transpose_a, const float *b, int transpose_b, const float *bias, float *out,
            int rows, int depth, int columns, float low, float high, float *scratch) {
  const int size = (1 + depth) * TILE_COLUMNS;
  float *left = scratch + round_up(columns, TILE_COLUMNS) * (1 + depth);
  if (bias) pack(bias, 0, 1, scratch, size, 1, columns, TILE_COLUMNS);
  pack(b, transpose_b ? 1 : columns, transpose_b ? depth : 1, scratch + TILE_COLUMNS, size, depth, columns,
       TILE_COLUMNS);
  if (transpose_a) pack_left(a, rows, left, depth, rows);
  product p = product_of_rows(transpose_a ? left : a, transpose_a, depth);
  p.panels = scratch + TILE_COLUMNS;
  p.panel_stride = size;
  p.bias = bias ? scratch : 0;
  p.out = out;
  p.rows = rows;
  p.columns = columns;
  p.low = splat(low);
  p.high = splat(high);
  multiply(&p);
}
