/*
 * Max and average pooling, four channels at a time. What lies outside the image does not count.
 */
#include "../geometry.h"

INLINE void pool_pixel(const geometry *g, int average, const float *x, float *out, int oy, int ox) {
  const int channels = g->in_channels;
  const int top = larger(0, input_y(g, oy, 0)), left = larger(0, input_x(g, ox, 0));
  const int bottom = smaller(g->in_height, input_y(g, oy, g->filter_height));
  const int right = smaller(g->in_width, input_x(g, ox, g->filter_width));
  const vec count = splat((float)((bottom - top) * (right - left)));
  for (int c = 0; c < channels; c += LANES) {
    vec all = splat(average ? 0 : -__builtin_inff());
    for (int y = top; y < bottom; y++) {
      const float *from = x + (y * g->in_width + left) * channels + c;
      for (int i = left; i < right; i++, from += channels)
        all = average ? add(all, load(from)) : wasm_f32x4_max(all, load(from));
    }
    store_some(out + c, average ? divide(all, count) : all, channels - c);
  }
}

INLINE void pool(const geometry *g, int average, const float *x, float *out) {
  for (int image = 0; image < g->batch; image++, x += in_size(g))
    for (int oy = 0; oy < g->out_height; oy++)
      for (int ox = 0; ox < g->out_width; ox++, out += g->in_channels) pool_pixel(g, average, x, out, oy, ox);
}

/* x [batch, in height, in width, channels], out [batch, out height, out width, channels] */
EXPORT(max_pool)
void max_pool(const geometry *g, const float *x, float *out) { pool(g, 0, x, out); }

EXPORT(average_pool)
void average_pool(const geometry *g, const float *x, float *out) { pool(g, 1, x, out); }
