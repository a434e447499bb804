/*
 * A dense layer behind a rectifier, whose zeros (about half of what it reads) are skipped: adding their products would
 * change nothing. Twice as fast where three quarters are 0, a quarter slower where nothing is.
 */
#include "strip.h"

/* Places of the numbers other than 0; NaN is one. Without a branch, which could not be predicted. @returns how many */
INLINE int find_nonzero(const float *x, int *places, int count) {
  int found = 0;
  for (int i = 0; i < count; i++) {
    places[found] = i;
    found += x[i] != 0;
  }
  return found;
}

INLINE void sparse_strip(const float *x, const int *places, int found, const float *weights, int size, float *out,
                         int panels, int columns, vec low, vec high) {
  strip s = strip_of_biases(1, panels, weights, size);
  weights += TILE_COLUMNS;
  for (int i = 0; i < found; i++) {
    const int k = places[i];
    s = strip_add_product(s, 1, panels, x + k, 0, weights + k * TILE_COLUMNS, size, 1);
  }
  strip_store(s, 1, panels, out, 0, columns, low, high);
}

/* As `dense`; places has room for `depth` integers. */
EXPORT(dense_sparse)
void dense_sparse(const float *x, const float *weights, float *out, int rows, int depth, int columns, float low,
                  float high, int *places) {
  const int size = panel_size(depth), width = STRIP_PANELS * TILE_COLUMNS;
  for (int row = 0; row < rows; row++, x += depth, out += columns) {
    const int found = find_nonzero(x, places, depth);
    int column = 0;
    for (; column + width <= columns; column += width)
      sparse_strip(x, places, found, weights + column / TILE_COLUMNS * size, size, out + column, STRIP_PANELS,
                   columns - column, splat(low), splat(high));
    for (; column < columns; column += TILE_COLUMNS)
      sparse_strip(x, places, found, weights + column / TILE_COLUMNS * size, size, out + column, 1, columns - column,
                   splat(low), splat(high));
  }
}
