/*
 * The gradients of pooling, and the pooling of volumes by their largest values: TensorFlow.js's own starts at the
 * smallest positive number, which is then the answer of an all-negative window.
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
INLINE vec largest_in_window(const geometry *g, const float *x, int oz, int oy, int ox) {
  vec best = splat(-__builtin_inff()), at = wasm_i32x4_splat(-1);
  for (int fz = 0; fz < g->filter_depth; fz++) {
    const int z = input_z(g, oz, fz);
    if (!inside(z, g->in_depth)) continue;
    for (int fy = 0; fy < g->filter_height; fy++) {
      const int y = input_y(g, oy, fy);
      if (!inside(y, g->in_height)) continue;
      for (int fx = 0; fx < g->filter_width; fx++) {
        const int column = input_x(g, ox, fx);
        if (!inside(column, g->in_width)) continue;
        const int offset = ((z * g->in_height + y) * g->in_width + column) * g->in_channels;
        const vec value = load(x + offset), larger = wasm_f32x4_gt(value, best);
        best = select(larger, value, best);
        at = select(larger, wasm_i32x4_splat(offset), at);
      }
    }
  }
  return at;
}

INLINE void add_at(float *dx, int offset, int channel, float value) {
  if (offset >= 0) dx[offset + channel] += value;
}

INLINE float value_at(const float *x, int offset, int channel) {
  return offset < 0 ? -__builtin_inff() : x[offset + channel];
}

/* y [batch, out depth, out height, out width, channels]. Reads up to three floats past the end of x. */
EXPORT(max_pool)
void max_pool(const geometry *g, const float *x, float *y) {
  for (int image = 0; image < g->batch; image++, x += in_volume(g))
    for (int oz = 0; oz < g->out_depth; oz++)
      for (int oy = 0; oy < g->out_height; oy++)
        for (int ox = 0; ox < g->out_width; ox++, y += g->in_channels)
          for (int c = 0; c < g->in_channels; c += LANES) {
            const vec at = largest_in_window(g, x + c, oz, oy, ox);
            const int present = g->in_channels - c;
            y[c] = value_at(x, wasm_i32x4_extract_lane(at, 0), c);
            if (present > 1) y[c + 1] = value_at(x, wasm_i32x4_extract_lane(at, 1), c + 1);
            if (present > 2) y[c + 2] = value_at(x, wasm_i32x4_extract_lane(at, 2), c + 2);
            if (present > 3) y[c + 3] = value_at(x, wasm_i32x4_extract_lane(at, 3), c + 3);
          }
}

/* The input gradients of one output's channels. Reads up to three floats past the end of x. */
INLINE void pass_to_largest(const geometry *g, const float *x, const float *dy, float *dx, int oz, int oy, int ox) {
  for (int c = 0; c < g->in_channels; c += LANES) {
    const vec at = largest_in_window(g, x + c, oz, oy, ox);
    const int present = g->in_channels - c;
    add_at(dx, wasm_i32x4_extract_lane(at, 0), c, dy[c]);
    if (present > 1) add_at(dx, wasm_i32x4_extract_lane(at, 1), c + 1, dy[c + 1]);
    if (present > 2) add_at(dx, wasm_i32x4_extract_lane(at, 2), c + 2, dy[c + 2]);
    if (present > 3) add_at(dx, wasm_i32x4_extract_lane(at, 3), c + 3, dy[c + 3]);
  }
}

/*
 * x, dx [batch, in depth, in height, in width, channels], dy [batch, out depth, out height, out width, channels].
 * What x is read past its end for is the caller's heap, which goes on there.
 */
EXPORT(max_pool_gradient)
void max_pool_gradient(const geometry *g, const float *x, const float *dy, float *dx) {
  clear(dx, g->batch * in_volume(g));
  for (int image = 0; image < g->batch; image++, x += in_volume(g), dx += in_volume(g))
    for (int oz = 0; oz < g->out_depth; oz++)
      for (int oy = 0; oy < g->out_height; oy++)
        for (int ox = 0; ox < g->out_width; ox++, dy += g->in_channels) pass_to_largest(g, x, dy, dx, oz, oy, ox);
}

/* Divides one output's gradient among the inputs of its window. */
INLINE void divide_among(const geometry *g, const float *dy, float *dx, int oz, int oy, int ox) {
  const int channels = g->in_channels;
  const int front = larger(0, input_z(g, oz, 0)), back = smaller(g->in_depth, input_z(g, oz, g->filter_depth));
  const int top = larger(0, input_y(g, oy, 0)), bottom = smaller(g->in_height, input_y(g, oy, g->filter_height));
  const int left = larger(0, input_x(g, ox, 0)), right = smaller(g->in_width, input_x(g, ox, g->filter_width));
  const float share = 1.0f / (float)((back - front) * (bottom - top) * (right - left));
  for (int z = front; z < back; z++)
    for (int y = top; y < bottom; y++)
      for (int x = left; x < right; x++)
        add_scaled(dx + ((z * g->in_height + y) * g->in_width + x) * channels, dy, share, channels);
}

/* dx [batch, in depth, in height, in width, channels], dy [batch, out depth, out height, out width, channels] */
EXPORT(average_pool_gradient)
void average_pool_gradient(const geometry *g, const float *dy, float *dx) {
  clear(dx, g->batch * in_volume(g));
  for (int image = 0; image < g->batch; image++, dx += in_volume(g))
    for (int oz = 0; oz < g->out_depth; oz++)
      for (int oy = 0; oy < g->out_height; oy++)
        for (int ox = 0; ox < g->out_width; ox++, dy += g->in_channels) divide_among(g, dy, dx, oz, oy, ox);
}
