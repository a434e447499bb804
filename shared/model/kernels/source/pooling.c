/*
 * The gradients of pooling.
 *
 * Max: each output's goes to the first of the largest inputs in its window. The search starts below every number;
 * TensorFlow.js's own kernel starts at 0 and sends the gradient of an all-negative window to its first input.
 *
 * Average: each output's is divided among the inputs in its window. Padding is no input: TensorFlow.js divides by the
 * whole window in its gradient, though not in its forward pass.
 */
#include "geometry.h"
#include "rows.h"

/* Offsets in the image of the largest of each of four channels; -1 where all are NaN or -Infinity. */
INLINE vec largest_in_window(const geometry *g, const float *x, int oy, int ox) {
  vec best = splat(-__builtin_inff()), at = wasm_i32x4_splat(-1);
  for (int fy = 0; fy < g->filter_height; fy++) {
    const int y = input_y(g, oy, fy);
    if (!inside(y, g->in_height)) continue;
    for (int fx = 0; fx < g->filter_width; fx++) {
      const int column = input_x(g, ox, fx);
      if (!inside(column, g->in_width)) continue;
      const int offset = (y * g->in_width + column) * g->in_channels;
      const vec value = load(x + offset), larger = wasm_f32x4_gt(value, best);
      best = select(larger, value, best);
      at = select(larger, wasm_i32x4_splat(offset), at);
    }
  }
  return at;
}

INLINE void add_at(float *dx, int offset, int channel, float value) {
  if (offset >= 0) dx[offset + channel] += value;
}

/*
 * x, dx [batch, in height, in width, channels], dy [batch, out height, out width, channels]. Reads up to three floats
 * past the end of x: the caller's heap goes on there.
 */
EXPORT(max_pool_gradient)
void max_pool_gradient(const geometry *g, const float *x, const float *dy, float *dx) {
  const int channels = g->in_channels;
  clear(dx, g->batch * in_size(g));
  for (int image = 0; image < g->batch; image++, x += in_size(g), dx += in_size(g))
    for (int oy = 0; oy < g->out_height; oy++)
      for (int ox = 0; ox < g->out_width; ox++, dy += channels)
        for (int c = 0; c < channels; c += LANES) {
          const vec at = largest_in_window(g, x + c, oy, ox);
          const int present = channels - c;
          add_at(dx, wasm_i32x4_extract_lane(at, 0), c, dy[c]);
          if (present > 1) add_at(dx, wasm_i32x4_extract_lane(at, 1), c + 1, dy[c + 1]);
          if (present > 2) add_at(dx, wasm_i32x4_extract_lane(at, 2), c + 2, dy[c + 2]);
          if (present > 3) add_at(dx, wasm_i32x4_extract_lane(at, 3), c + 3, dy[c + 3]);
        }
}

/* dx [batch, in height, in width, channels], dy [batch, out height, out width, channels] */
EXPORT(average_pool_gradient)
void average_pool_gradient(const geometry *g, const float *dy, float *dx) {
  const int channels = g->in_channels;
  clear(dx, g->batch * in_size(g));
  for (int image = 0; image < g->batch; image++, dx += in_size(g))
    for (int oy = 0; oy < g->out_height; oy++)
      for (int ox = 0; ox < g->out_width; ox++, dy += channels) {
        const int top = larger(0, input_y(g, oy, 0)), left = larger(0, input_x(g, ox, 0));
        const int bottom = smaller(g->in_height, input_y(g, oy, g->filter_height));
        const int right = smaller(g->in_width, input_x(g, ox, g->filter_width));
        const float share = 1.0f / (float)((bottom - top) * (right - left));
        for (int y = top; y < bottom; y++)
          for (int x = left; x < right; x++)
            add_scaled(dx + (y * g->in_width + x) * channels, dy, share, channels);
      }
}
