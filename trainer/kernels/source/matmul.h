/*
 * Matrix products on panels.
 */
#pragma once
#include "tile.h"

/* A panel of weights: its bias, then a row of eight for each input. */
INLINE int weight_panel_rows(int inputs) { return 1 + round_up(inputs, TILE_ROWS); }
INLINE int weight_panel_size(int inputs) { return weight_panel_rows(inputs) * TILE_COLUMNS; }

INLINE tile clamp_tile(tile t, int rows, vec low, vec high) {
  UNROLL for (int r = 0; r < rows; r++) {
    t.left[r] = wasm_f32x4_min(high, wasm_f32x4_max(low, t.left[r]));
    t.right[r] = wasm_f32x4_min(high, wasm_f32x4_max(low, t.right[r]));
  }
  return t;
}

typedef struct {
  /* Tiles of four rows begin row * tile_stride apart; within one, row_stride and step_stride. */
  const float *a;
  int tile_stride, row_stride, step_stride;
  const float *panels; /* where the first panel's first step is */
  int panel_stride;
  const float *bias; /* eight values in front of each panel, at the same stride; or null */
  float *out;        /* [rows, columns], row-major */
  int rows, depth, columns;
  vec low, high;
} product;

/* `rows` rows of one panel's columns; inlined for each number of rows. */
INLINE void product_tile(const product *p, int rows, int step_stride, int row, int column) {
  const int offset = column / TILE_COLUMNS * p->panel_stride;
  tile t = p->bias ? tile_of(load(p->bias + offset), load(p->bias + offset + LANES)) : zero_tile();
  t = tile_add_product(t, rows, p->a + row * p->tile_stride, p->row_stride, step_stride, p->panels + offset, p->depth);
  t = clamp_tile(t, rows, p->low, p->high);
  tile_store(t, rows, p->out + row * p->columns + column, p->columns, p->columns - column);
}

/* One panel stays in the cache while all rows pass it. */
INLINE void multiply_strided(const product *p, int step_stride) {
  for (int column = 0; column < p->columns; column += TILE_COLUMNS) {
    int row = 0;
    for (; row + 4 <= p->rows; row += 4) product_tile(p, 4, step_stride, row, column);
    switch (p->rows - row) {
    case 3: product_tile(p, 3, step_stride, row, column); break;
    case 2: product_tile(p, 2, step_stride, row, column); break;
    case 1: product_tile(p, 1, step_stride, row, column); break;
    }
  }
}

/* Row-major rows of `depth`, or, where packed, [ceil(rows / 4)][depth][4] as pack_left leaves them. */
INLINE product product_of_rows(const float *a, int packed, int depth) {
  return (product){.a = a,
                   .tile_stride = depth,
                   .row_stride = packed ? 1 : depth,
                   .step_stride = packed ? TILE_ROWS : 1,
                   .depth = depth,
                   .low = splat(-__builtin_inff()),
                   .high = splat(__builtin_inff())};
}

INLINE void multiply(const product *p) {
  if (p->step_stride == 1) multiply_strided(p, 1);
  else multiply_strided(p, TILE_ROWS);
}
