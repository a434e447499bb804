/*
 * Max and average pooling, four channels at a time. What lies outside the image does not count.
 */
#include "../geometry.h"

/*
 * `rows` by `columns` pixels into one; inlined for the usual window. The larger of two numbers is one instruction, which
 * loses NaN; so NaN is noted beside it (wasm_f32x4_max would be eight).
 */
INLINE void pool_window(const float *x, int rows, int columns, int row_stride, int channels, int average, float *out) {
  const vec count = splat((float)(rows * columns));
  for (int c = 0; c < channels; c += LANES, x += LANES) {
    vec all = splat(average ? 0 : -__builtin_inff()), nan = splat(0);
    const float *from = x;
    for (int y = 0; y < rows; y++, from += row_stride)
      for (int i = 0; i < columns; i++) {
        const vec value = load(from + i * channels);
        all = average ? add(all, value) : wasm_f32x4_pmax(value, all);
        if (!average) nan = wasm_v128_or(nan, wasm_f32x4_ne(value, value));
      }
    store_some(out + c, average ? divide(all, count) : wasm_v128_or(all, nan), channels - c);
  }
}

INLINE void pool_pixel(const geometry *g, int average, const float *x, float *out, int oy, int ox) {
  const int channels = g->in_channels, row = g->in_width * channels;
  const int top = larger(0, input_y(g, oy, 0)), left = larger(0, input_x(g, ox, 0));
  const int rows = smaller(g->in_height, input_y(g, oy, g->filter_height)) - top;
  const int columns = smaller(g->in_width, input_x(g, ox, g->filter_width)) - left;
  x += top * row + left * channels;
  if (rows == 2 && columns == 2)
    pool_window(x, 2, 2, row, channels, average, out);
  else
    pool_window(x, rows, columns, row, channels, average, out);
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
