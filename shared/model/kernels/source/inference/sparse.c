/*
 * A dense layer behind a rectifier, whose zeros (about half of what it reads) are skipped: adding their products would
 * change nothing. A third faster than `dense` where half is 0, as fast where a quarter is, and half slower where
 * nothing is.
 *
 * Packed weights: a table for finding what is not 0, then panels of up to 32 columns, [1 + depth][width], the biases in
 * front; the last panel is as wide as what is left, rounded up to eight. `panel.wat` multiplies by whole panels, too.
 */
#include "strip.h"

enum {
  /* Vectors of a panel. Each product takes a load, whose bounds are checked: as much work as multiplying and adding. */
  PANEL_VECTORS = 8,
  PANEL_COLUMNS = PANEL_VECTORS * LANES,
  /* By the eight bits that say which of eight numbers are 0: the places of the others, then anything. */
  TABLE_ENTRIES = 256,
  GROUP = 8,
  TABLE_FLOATS = TABLE_ENTRIES * GROUP * sizeof(uint16_t) / sizeof(float),
  /* Places of a block of rows, which stay in the first cache beside a panel. */
  BLOCK_PLACES = 4352,
  /* In front of a row's places: how many there are. */
  COUNT = 2,
};

/* Row-major kernel [depth, columns] and bias [columns], or null. */
EXPORT(pack_sparse)
void pack_sparse(const float *kernel, const float *bias, float *weights, int depth, int columns) {
  uint16_t *table = (uint16_t *)weights;
  for (int zeros = 0; zeros < TABLE_ENTRIES; zeros++, table += GROUP)
    for (int i = 0, found = 0; i < GROUP; i++) {
      table[found] = (uint16_t)i;
      found += !(zeros >> i & 1);
    }
  weights += TABLE_FLOATS;
  for (int column = 0; column < columns; column += PANEL_COLUMNS) {
    const int width = smaller(PANEL_COLUMNS, round_up(columns - column, TILE_COLUMNS));
    const int present = smaller(width, columns - column);
    clear(weights, width * (1 + depth));
    if (bias) copy(weights, bias + column, present);
    weights += width;
    for (int k = 0; k < depth; k++, weights += width) copy(weights, kernel + k * columns + column, present);
  }
}

/* Places of the numbers other than 0; NaN is one. Without a branch, which could not be predicted. @returns how many */
INLINE int list_nonzero(const float *x, int depth, const uint16_t *table, uint16_t *places) {
  int found = 0, i = 0;
  for (vec at = wasm_i16x8_splat(0); i + GROUP <= depth; i += GROUP, at = wasm_i16x8_add(at, wasm_i16x8_splat(GROUP))) {
    const int left = (int)wasm_i32x4_bitmask(wasm_f32x4_eq(load(x + i), splat(0)));
    const int right = (int)wasm_i32x4_bitmask(wasm_f32x4_eq(load(x + i + LANES), splat(0)));
    const int zeros = left | right << LANES;
    wasm_v128_store(places + found, wasm_i16x8_add(at, wasm_v128_load(table + zeros * GROUP)));
    found += GROUP - __builtin_popcount((unsigned)zeros);
  }
  for (; i < depth; i++) {
    places[found] = (uint16_t)i;
    found += x[i] != 0;
  }
  return found;
}

INLINE void add_term(vec *sums, int vectors, const float *x, const float *weights, uint32_t place) {
  const vec value = load_splat(x + place);
  weights += place * (uint32_t)(vectors * LANES);
  UNROLL for (int i = 0; i < vectors; i++) sums[i] = multiply_add(value, load(weights + i * LANES), sums[i]);
}

typedef struct {
  const float *x;
  const uint16_t *places;
  float *out;
  int rows, depth, columns, stride; /* stride: from a row's places to the next row's */
  vec low, high;
} block;

/* Twice unrolled: more would not fit where the processor keeps loops. */
INLINE void sparse_row(const block *b, int vectors, int row, int column, const float *weights) {
  const float *x = b->x + row * b->depth;
  const uint16_t *places = b->places + row * b->stride + COUNT, *end = places + ((const int *)places)[-1];
  vec sums[PANEL_VECTORS];
  UNROLL for (int i = 0; i < vectors; i++) sums[i] = load(weights + i * LANES);
  weights += vectors * LANES;
  _Pragma("clang loop unroll(disable)") for (const uint16_t *last = end - 1; places < last; places += 2) {
    const uint32_t both = *(const uint32_t *)places;
    add_term(sums, vectors, x, weights, both & 0xffff);
    add_term(sums, vectors, x, weights, both >> 16);
  }
  if (places < end) add_term(sums, vectors, x, weights, *places);
  float *out = b->out + row * b->columns + column;
  UNROLL for (int i = 0; i < vectors; i++)
    store_some(out + i * LANES, clamp(sums[i], b->low, b->high), b->columns - column - i * LANES);
}

/* Every row by one panel; inlined for each width. */
INLINE void sparse_panel(const block *b, int vectors, int column, const float *weights) {
  for (int row = 0; row < b->rows; row++) sparse_row(b, vectors, row, column, weights);
}

INLINE int places_stride(int depth) { return COUNT + round_up(depth, 2); }

/* Lists what is not 0 of each row; `places` then holds [rows][places_stride]. */
EXPORT(find_nonzero)
void find_nonzero(const float *x, const float *weights, int rows, int depth, uint16_t *places) {
  for (int row = 0; row < rows; row++, x += depth, places += places_stride(depth))
    *(int *)places = list_nonzero(x, depth, (const uint16_t *)weights, places + COUNT);
}

/* As `dense`, with weights of `pack_sparse`; places has room for `sparsePlaces` numbers (inference.ts). */
EXPORT(dense_sparse)
void dense_sparse(const float *x, const float *weights, float *out, int rows, int depth, int columns, float low,
                  float high, uint16_t *places) {
  const int stride = places_stride(depth), most = larger(1, BLOCK_PLACES / stride);
  block b = {x, places, out, 0, depth, columns, stride, splat(low), splat(high)};
  for (int start = 0; start < rows; start += b.rows, b.x += b.rows * depth, b.out += b.rows * columns) {
    b.rows = smaller(most, rows - start);
    find_nonzero(b.x, weights, b.rows, depth, places);
    const float *panel = weights + TABLE_FLOATS;
    for (int column = 0; column < columns; column += PANEL_COLUMNS) {
      const int vectors = smaller(PANEL_VECTORS, round_up(columns - column, TILE_COLUMNS) / LANES);
      switch (vectors) {
      case 8: sparse_panel(&b, 8, column, panel); break;
      case 6: sparse_panel(&b, 6, column, panel); break;
      case 4: sparse_panel(&b, 4, column, panel); break;
      case 2: sparse_panel(&b, 2, column, panel); break;
      }
      panel += (1 + depth) * vectors * LANES;
    }
  }
}
