/*
 * Depthwise convolution with one output per channel: four channels at a time, and where the filter is 3x3, four
 * neighbouring pixels, which share their weights and most of what they read.
 *
 * Weights: [ceil(channels / 4)][1 + taps][4], the biases in front; missing channels are 0. So the taps of a group of
 * channels lie at constant distances from one address.
 */
#include "../geometry.h"
#include "strip.h"

enum { PIXELS = 4, MAX_STRIDE = 2, MAX_COLUMNS = (PIXELS - 1) * MAX_STRIDE + 3 };

/* Kernel [taps, channels] and bias [channels], or null. */
EXPORT(pack_depthwise)
void pack_depthwise(const float *kernel, const float *bias, float *weights, int taps, int channels) {
  const int size = (1 + taps) * LANES;
  clear(weights, round_up(channels, LANES) / LANES * size);
  for (int c = 0; c < channels; c++) {
    float *to = weights + c / LANES * size + c % LANES;
    if (bias) *to = bias[c];
    for (int tap = 0; tap < taps; tap++) to[(1 + tap) * LANES] = kernel[tap * channels + c];
  }
}

/* What one row of output reads: the filter's rows that lie within the image. */
typedef struct {
  const geometry *g;
  const float *x; /* the image */
  const float *weights;
  const float *zeros; /* [MAX_COLUMNS, channels], in place of a row outside of the image */
  int top, first_fy, end_fy;
  vec low, high;
} line;

/* The first tap, `step` apart, that is not before the image's start, and the first that is past its end. */
INLINE int first_inside(int at, int step) { return at >= 0 ? 0 : (-at + step - 1) / step; }
INLINE int end_inside(int at, int step, int taps, int size) {
  return at >= size ? 0 : smaller(taps, (size - at + step - 1) / step);
}

/* Any pixel, any filter; the channels from `first_channel` on. */
INLINE void any_pixel(const line *l, int left, int first_channel, float *out) {
  const geometry *g = l->g;
  const int channels = g->in_channels, size = (1 + g->filter_height * g->filter_width) * LANES;
  const int first = first_inside(left, g->dilation_width);
  const int end = end_inside(left, g->dilation_width, g->filter_width, g->in_width);
  const int step = g->dilation_width * channels, row = g->dilation_height * g->in_width * channels;
  const float *x = l->x + (l->top + l->first_fy * g->dilation_height) * g->in_width * channels + left * channels;
  for (int c = first_channel; c < channels; c += LANES) {
    const float *weights = l->weights + c / LANES * size;
    vec sum = load(weights);
    const float *from = x + c, *by = weights + (1 + l->first_fy * g->filter_width) * LANES;
    for (int fy = l->first_fy; fy < l->end_fy; fy++, from += row, by += g->filter_width * LANES)
      for (int fx = first; fx < end; fx++) sum = multiply_add(load(from + fx * step), load(by + fx * LANES), sum);
    store_some(out + c, clamp(sum, l->low, l->high), channels - c);
  }
}

INLINE const float *step_by(const float *from, int floats) {
  from += floats;
  IN_ORDER(from);
  return from;
}

/*
 * Four neighbouring pixels under a 3x3 filter, all whole groups of channels; inlined for each stride. Of the columns of the image that they read, the
 * first and the last may lie outside of it, and count as 0; so do rows.
 */
INLINE void four_pixels(const line *l, int stride, int left, float *out) {
  const geometry *g = l->g;
  const int channels = g->in_channels, columns = (PIXELS - 1) * stride + 3;
  const int starts_outside = left < 0, ends_outside = left + columns > g->in_width;
  const vec first_mask = wasm_i32x4_splat(starts_outside - 1), last_mask = wasm_i32x4_splat(ends_outside - 1);
  /* What is masked is read from the column beside it. */
  const int first_step = starts_outside ? channels : 0, second_step = channels - first_step;
  const int last_step = ends_outside ? 0 : channels;
  const float *rows[3];
  UNROLL for (int fy = 0; fy < 3; fy++) {
    const int inside = fy >= l->first_fy && fy < l->end_fy;
    rows[fy] = inside ? l->x + ((l->top + fy) * g->in_width + left) * channels : l->zeros;
  }
  const float *weights = l->weights;
  for (int c = 0; c + LANES <= channels; c += LANES, weights += 10 * LANES) {
    vec sums[PIXELS];
    UNROLL for (int p = 0; p < PIXELS; p++) sums[p] = load(weights);
    UNROLL for (int fy = 0; fy < 3; fy++) {
      vec taps[3];
      UNROLL for (int fx = 0; fx < 3; fx++) taps[fx] = load(weights + (1 + fy * 3 + fx) * LANES);
      const float *from = step_by(rows[fy] + c, first_step);
      UNROLL for (int i = 0; i < columns; i++) {
        vec value = load(from);
        if (i == 0) value = wasm_v128_and(value, first_mask);
        if (i == columns - 1) value = wasm_v128_and(value, last_mask);
        UNROLL for (int p = 0; p < PIXELS; p++) {
          const int fx = i - p * stride;
          if (fx >= 0 && fx < 3) sums[p] = multiply_add(value, taps[fx], sums[p]);
        }
        UNROLL for (int p = 0; p < PIXELS; p++) IN_ORDER(sums[p]);
        from = step_by(from, i == 0 ? second_step : i == columns - 2 ? last_step : channels);
      }
    }
    float *to = out + c;
    UNROLL for (int p = 0; p < PIXELS; p++) {
      store(to, clamp(sums[p], l->low, l->high));
      to = (float *)step_by(to, channels);
    }
  }
}

/* Whether `four_pixels` can compute those from here on. */
INLINE int are_four(const geometry *g, int left) {
  const int columns = (PIXELS - 1) * g->stride_width + 3;
  const int is_3x3 = g->filter_width == 3 && g->filter_height == 3 && g->dilation_width * g->dilation_height == 1;
  return is_3x3 && g->stride_width <= MAX_STRIDE && left >= -1 && left + columns <= g->in_width + 1;
}

/* The last four pixels may be some that were computed before. */
INLINE void depthwise_row(const line *l, float *out) {
  const geometry *g = l->g;
  const int channels = g->in_channels;
  for (int ox = 0; ox < g->out_width;) {
    const int from = larger(0, smaller(ox, g->out_width - PIXELS)), left = input_x(g, from, 0);
    int done = 0, end = ox + 1;
    if (g->out_width >= PIXELS && are_four(g, left)) {
      switch (g->stride_width) {
      case 1: four_pixels(l, 1, left, out + from * channels); break;
      case 2: four_pixels(l, 2, left, out + from * channels); break;
      }
      done = channels / LANES * LANES;
      end = from + PIXELS;
    }
    for (; ox < end; ox++) any_pixel(l, input_x(g, ox, 0), done, out + ox * channels);
  }
}

/*
 * x [batch, in height, in width, channels], out [batch, out height, out width, channels]; zeros has room for
 * [9, channels].
 */
EXPORT(depthwise)
void depthwise(const geometry *g, const float *x, const float *weights, float *out, float low, float high,
               float *zeros) {
  line l = {.g = g, .weights = weights, .zeros = zeros, .low = splat(low), .high = splat(high)};
  clear(zeros, MAX_COLUMNS * g->in_channels);
  for (int image = 0; image < g->batch; image++, x += in_size(g)) {
    l.x = x;
    for (int oy = 0; oy < g->out_height; oy++, out += g->out_width * g->in_channels) {
      l.top = input_y(g, oy, 0);
      l.first_fy = first_inside(l.top, g->dilation_height);
      l.end_fy = end_inside(l.top, g->dilation_height, g->filter_height, g->in_height);
      depthwise_row(&l, out);
    }
  }
}
