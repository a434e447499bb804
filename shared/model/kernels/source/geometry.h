/*
 * What a convolution or a pooling slides over: images [batch, height, width, channels], as the caller wrote it.
 */
#pragma once
#include "simd.h"

typedef struct {
  int batch;
  int in_height, in_width, in_channels;
  int out_height, out_width, out_channels;
  int filter_height, filter_width;
  int stride_height, stride_width;
  int dilation_height, dilation_width;
  int pad_top, pad_left;
} geometry;

/* Where a filter's row or column falls in the input; may be outside. */
INLINE int input_y(const geometry *g, int oy, int fy) {
  return oy * g->stride_height - g->pad_top + fy * g->dilation_height;
}
INLINE int input_x(const geometry *g, int ox, int fx) {
  return ox * g->stride_width - g->pad_left + fx * g->dilation_width;
}
INLINE int inside(int at, int size) { return at >= 0 && at < size; }

INLINE int in_size(const geometry *g) { return g->in_height * g->in_width * g->in_channels; }
INLINE int out_size(const geometry *g) { return g->out_height * g->out_width * g->out_channels; }
