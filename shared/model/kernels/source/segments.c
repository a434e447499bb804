/*
 * Sums of rows by segment: the gradient of gathering rows.
 */
#include "simd.h"

/* out [segments, size], sums of x [rows, size] by ids [rows]. Rows with other ids count nowhere. */
EXPORT(segment_sum)
void segment_sum(const float *x, const int32_t *ids, float *out, int rows, int size, int segments) {
  clear(out, segments * size);
  for (int row = 0; row < rows; row++, x += size) {
    if (ids[row] < 0 || ids[row] >= segments) continue;
    float *to = out + ids[row] * size;
    int i = 0;
    for (; i + LANES <= size; i += LANES) store(to + i, add(load(to + i), load(x + i)));
    for (; i < size; i++) to[i] += x[i];
  }
}
