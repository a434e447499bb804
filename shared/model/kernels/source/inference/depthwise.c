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
  int top, first_fy, end_fy;
  vec low, high;
} line;

/* The first tap, `step` apart, that is not before the image's start, and the first that is past its end. */
INLINE int first_inside(int at, int step) { return at >= 0 ? 0 : (-at + step - 1) / step; }
INLINE int end_inside(int at, int step, int taps, int size) {
  return at >= size ? 0 : smaller(taps, (size - at + step - 1) / step);
}

/* Any pixel, any filter. */
INLINE void any_pixel(const line *l, int left, float *out) {
  const geometry *g = l->g;
  const int channels = g->in_channels, stride = round_up(channels, LANES);
  const int first = first_inside(left, g->dilation_width);
  const int end = end_inside(left, g->dilation_width, g->filter_width, g->in_width);
  const int step = g->dilation_width * channels, row = g->dilation_height * g->in_width * channels;
  const float *x = l->x + (l->top + l->first_fy * g->dilation_height) * g->in_width * channels + left * channels;
  const float *w = l->weights + (1 + l->first_fy * g->filter_width) * stride;
  for (int c = 0; c < channels; c += LANES) {
    vec sum = load(l->weights + c);
    const float *from = x + c, *by = w + c;
    for (int fy = l->first_fy; fy < l->end_fy; fy++, from += row, by += g->filter_width * stride)
      for (int fx = first; fx < end; fx++) sum = multiply_add(load(from + fx * step), load(by + fx * stride), sum);
    store_some(out + c, clamp(sum, l->low, l->high), channels - c);
  }
}

/*
 * Neighbouring pixels under `rows` by `columns` taps, the first of them `first_fx`, which all lie within the image;
 * inlined for each number of all these.
 */
INLINE void inner_pixels(const line *l, int pixels, int stride_width, int rows, int columns, int first_fx, int left,
                         float *out) {
  const geometry *g = l->g;
  const int channels = g->in_channels, stride = round_up(channels, LANES), row = g->in_width * channels;
  const float *x = l->x + (l->top + l->first_fy) * row + (left + first_fx) * channels;
  const float *w = l->weights + (1 + l->first_fy * 3 + first_fx) * stride;
  for (int c = 0; c < channels; c += LANES) {
    vec sums[PIXELS];
    UNROLL for (int p = 0; p < pixels; p++) sums[p] = load(l->weights + c);
    UNROLL for (int fy = 0; fy < rows; fy++) {
      const float *from = x + fy * row + c, *by = w + fy * 3 * stride + c;
      vec taps[3];
      UNROLL for (int fx = 0; fx < columns; fx++) taps[fx] = load(by + fx * stride);
      UNROLL for (int i = 0; i < (pixels - 1) * stride_width + columns; i++) {
        const vec value = load(from + i * channels);
        UNROLL for (int p = 0; p < pixels; p++) {
          const int fx = i - p * stride_width;
          if (fx >= 0 && fx < columns) sums[p] = multiply_add(value, taps[fx], sums[p]);
        }
      }
    }
    UNROLL for (int p = 0; p < pixels; p++)
      store_some(out + p * channels + c, clamp(sums[p], l->low, l->high), channels - c);
  }
}

/*
 * A row of a 3x3 filter, `rows` of which lie within the image. The last four inner pixels may be some that were
 * computed before.
 */
INLINE void row_of_3x3(const line *l, int stride_width, int rows, float *out) {
  const geometry *g = l->g;
  const int channels = g->in_channels, pad = g->pad_left;
  const int first = smaller(g->out_width, (pad + stride_width - 1) / stride_width);
  const int end = smaller(g->out_width, larger(first, (g->in_width - 3 + pad) / stride_width + 1));
  for (int ox = 0; ox < g->out_width; ox++) {
    const int left = ox * stride_width - pad;
    if (ox >= first && ox < end && end - first >= PIXELS) {
      const int from = smaller(ox, end - PIXELS);
      inner_pixels(l, PIXELS, stride_width, rows, 3, 0, from * stride_width - pad, out + from * channels);
      ox = from + PIXELS - 1;
    } else if (left == -1 && g->in_width >= 2) {
      inner_pixels(l, 1, 1, rows, 2, 1, left, out + ox * channels);
    } else if (left == g->in_width - 2 && left >= 0) {
      inner_pixels(l, 1, 1, rows, 2, 0, left, out + ox * channels);
    } else {
      any_pixel(l, left, out + ox * channels);
    }
  }
}

INLINE void depthwise_row(const line *l, float *out) {
  const geometry *g = l->g;
  const int rows = l->end_fy - l->first_fy;
  const int is_3x3 = g->filter_width == 3 && g->filter_height == 3 && g->dilation_width * g->dilation_height == 1;
  const int kind = is_3x3 && rows >= 2 && g->stride_width <= 2 ? rows * 2 + g->stride_width : 0;
  switch (kind) {
  case 7: row_of_3x3(l, 1, 3, out); break;
  case 8: row_of_3x3(l, 2, 3, out); break;
  case 5: row_of_3x3(l, 1, 2, out); break;
  case 6: row_of_3x3(l, 2, 2, out); break;
  default:
    for (int ox = 0; ox < g->out_width; ox++) any_pixel(l, input_x(g, ox, 0), out + ox * g->in_channels);
  }
}

/* x [batch, in height, in width, channels], out [batch, out height, out width, channels] */
EXPORT(depthwise)
void depthwise(const geometry *g, const float *x, const float *weights, float *out, float low, float high) {
  line l = {.g = g, .weights = weights, .low = splat(low), .high = splat(high)};
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
