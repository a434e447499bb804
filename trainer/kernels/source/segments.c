/*
 * Sums of rows by segment: the gradient of gathering rows.
 */
#include "rows.h"

/* out [segments, size], sums of x [rows, size] by ids [rows]. Rows with other ids count nowhere. */
EXPORT(segment_sum)
void segment_sum(const float *x, const int32_t *ids, float *out, int rows, int size, int segments) {
  clear(out, segments * size);
  for (int row = 0; row < rows; row++, x += size) {
    if (ids[row] < 0 || ids[row] >= segments) continue;
    add_floats(out + ids[row] * size, x, size);
  }
}
