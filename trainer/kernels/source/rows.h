/*
 * Rows of floats of any length: copied, cleared, added.
 */
#pragma once
#include "simd.h"

INLINE void copy_floats(float *to, const float *from, int count) {
  int i = 0;
  for (; i + LANES <= count; i += LANES) store(to + i, load(from + i));
  for (; i < count; i++) to[i] = from[i];
}

INLINE void add_floats(float *to, const float *from, int count) {
  int i = 0;
  for (; i + LANES <= count; i += LANES) store(to + i, add(load(to + i), load(from + i)));
  for (; i < count; i++) to[i] += from[i];
}

INLINE void zero_floats(float *to, int count) {
  int i = 0;
  for (; i + LANES <= count; i += LANES) store(to + i, splat(0));
  for (; i < count; i++) to[i] = 0;
}

INLINE void add_scaled(float *to, const float *from, float scale, int count) {
  int i = 0;
  for (; i + LANES <= count; i += LANES) store(to + i, multiply_add(load(from + i), splat(scale), load(to + i)));
  for (; i < count; i++) to[i] += from[i] * scale;
}
