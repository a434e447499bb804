/*
 * Depthwise convolution with one output per channel: four channels at a time, and where the filter is 3x3 and lies
 * within the image, four neighbouring pixels, which share their weights and most of what they read.
 *
 * Weights: [1 + taps][channels, rounded up to four], the biases in front; missing channels are 0.
 */
#include "../geometry.h"
#include "strip.h"

enum { PIXELS = 4 };

/* Kernel [taps, channels] and bias [channels], or null. */
EXPORT(pack_depthwise)
void pack_depthwise(const float *kernel, const float *bias, float *weights, int taps, int channels) {
  const int stride = round_up(channels, LANES);
  clear(weights, (1 + taps) * stride);
  if (bias) copy(weights, bias, channels);
  for (int tap = 1; tap <= taps; tap++, kernel += channels) copy(weights + tap * stride, kernel, channels);
}

/* What one row of output reads: the filter's rows that lie within the image. */
typedef struct {
  const geometry *g;
  const float *x; /* the image */
  const float *weights;
  int oy, first_fy, end_fy;
  vec low, high;
} line;

/* The first tap from `from` on, `size` apart along the image, that is not before its start. */
INLINE int first_inside(int at, int step) { return at >= 0 ? 0 : (-at + step - 1) / step; }
INLINE int end_inside(int at, int step, int taps, int size) {
  return at >= size ? 0 : smaller(taps, (size - at + step - 1) / step);
}

/* Any pixel, any filter. */
INLINE void any_pixel(const line *l, int ox, float *out) {
  const geometry *g = l->g;
  const int channels = g->in_channels, stride = round_up(channels, LANES);
  const int left = input_x(g, ox, 0), step = g->dilation_width;
  const int first = first_inside(left, step), end = end_inside(left, step, g->filter_width, g->in_width);
  for (int c = 0; c < channels; c += LANES) {
    vec sum = load(l->weights + c);
    for (int fy = l->first_fy; fy < l->end_fy; fy++) {
      const float *x = l->x + (input_y(g, l->oy, fy) * g->in_width + left) * channels + c;
      const float *w = l->weights + (1 + fy * g->filter_width) * stride + c;
      for (int fx = first; fx < end; fx++)
        sum = multiply_add(load(x + fx * step * channels), load(w + fx * stride), sum);
    }
    store_some(out + c, clamp(sum, l->low, l->high), channels - c);
  }
}

/* Four pixels whose three columns of taps all lie within the image; inlined for strides of 1 and 2. */
INLINE void four_pixels(const line *l, int stride_width, int ox, float *out) {
  const geometry *g = l->g;
  const int channels = g->in_channels, stride = round_up(channels, LANES);
  const int left = input_x(g, ox, 0);
  for (int c = 0; c < channels; c += LANES) {
    vec sums[PIXELS];
    UNROLL for (int p = 0; p < PIXELS; p++) sums[p] = load(l->weights + c);
    for (int fy = l->first_fy; fy < l->end_fy; fy++) {
      const float *x = l->x + (input_y(g, l->oy, fy) * g->in_width + left) * channels + c;
      const float *w = l->weights + (1 + fy * 3) * stride + c;
      const vec taps[3] = {load(w), load(w + stride), load(w + 2 * stride)};
      UNROLL for (int i = 0; i < (PIXELS - 1) * stride_width + 3; i++) {
        const vec value = load(x + i * channels);
        UNROLL for (int p = 0; p < PIXELS; p++) {
          const int fx = i - p * stride_width;
          if (fx >= 0 && fx < 3) sums[p] = multiply_add(value, taps[fx], sums[p]);
        }
      }
    }
    UNROLL for (int p = 0; p < PIXELS; p++)
      store_some(out + p * channels + c, clamp(sums[p], l->low, l->high), channels - c);
  }
}

INLINE void depthwise_row(const line *l, int stride_width, float *out) {
  const geometry *g = l->g;
  const int inner = g->filter_width == 3 && g->dilation_width == 1 && g->stride_width == stride_width;
  const int span = (PIXELS - 1) * stride_width + 3;
  for (int ox = 0; ox < g->out_width;) {
    const int left = input_x(g, ox, 0);
    if (inner && left >= 0 && left + span <= g->in_width && ox + PIXELS <= g->out_width) {
      four_pixels(l, stride_width, ox, out + ox * g->in_channels);
      ox += PIXELS;
    } else {
      any_pixel(l, ox, out + ox * g->in_channels);
      ox++;
    }
  }
}

/* x [batch, in height, in width, channels], out [batch, out height, out width, channels] */
EXPORT(depthwise)
void depthwise(const geometry *g, const float *x, const float *weights, float *out, float low, float high) {
  line l = {.g = g, .weights = weights, .low = splat(low), .high = splat(high)};
  for (int image = 0; image < g->batch; image++, x += in_size(g)) {
    l.x = x;
    for (int oy = 0; oy < g->out_height; oy++, out += g->out_width * g->in_channels) {
      const int top = input_y(g, oy, 0);
      l.oy = oy;
      l.first_fy = first_inside(top, g->dilation_height);
      l.end_fy = end_inside(top, g->dilation_height, g->filter_height, g->in_height);
      if (g->stride_width == 2) depthwise_row(&l, 2, out);
      else depthwise_row(&l, 1, out);
    }
  }
}
