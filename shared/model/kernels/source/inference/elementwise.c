/*
 * Sums, products, clamps, scaling and softmax. Each reads an element before it writes it, so `out` may be `x`.
 */
#include "../functions.h"
#include "strip.h"

#define EACH_VECTOR(count) for (int i = 0; i < (count); i += LANES)

EXPORT(add_values)
void add_values(const float *x, const float *y, float *out, int count) {
  EACH_VECTOR(count) store_some(out + i, add(load(x + i), load(y + i)), count - i);
}

EXPORT(multiply_values)
void multiply_values(const float *x, const float *y, float *out, int count) {
  EACH_VECTOR(count) store_some(out + i, mul(load(x + i), load(y + i)), count - i);
}

/* relu, relu6, clip. */
EXPORT(clamp_values)
void clamp_values(const float *x, float *out, int count, float low, float high) {
  EACH_VECTOR(count) store_some(out + i, clamp(load(x + i), splat(low), splat(high)), count - i);
}

/* out [rows, channels] = clamp(x * factor + bias); weights as pack_depthwise leaves them, of one tap. */
EXPORT(scale)
void scale(const float *x, const float *weights, float *out, int rows, int channels, float low, float high) {
  for (int row = 0; row < rows; row++, x += channels, out += channels)
    EACH_VECTOR(channels) {
      const float *group = weights + 2 * i;
      const vec y = multiply_add(load(x + i), load(group + LANES), load(group));
      store_some(out + i, clamp(y, splat(low), splat(high)), channels - i);
    }
}

INLINE float largest_of(const float *x, int count) {
  float best = x[0];
  for (int i = 1; i < count; i++) best = x[i] > best ? x[i] : best;
  return best;
}

/* Along the last axis of x [rows, channels]. */
EXPORT(softmax)
void softmax(const float *x, float *out, int rows, int channels) {
  for (int row = 0; row < rows; row++, x += channels, out += channels) {
    const vec peak = splat(largest_of(x, channels));
    EACH_VECTOR(channels) store_some(out + i, vec_exp(sub(load(x + i), peak)), channels - i);
    double sum = 0;
    for (int i = 0; i < channels; i++) sum += out[i];
    const float share = (float)(1 / sum);
    for (int i = 0; i < channels; i++) out[i] *= share;
  }
}
