/*
 * What a convolution or a pooling slides over, as the caller wrote it: images [batch, height, width, channels], or
 * volumes [batch, depth, height, width, channels]. An image is a volume of one slice.
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
  int in_depth, out_depth, filter_depth, stride_depth, dilation_depth, pad_front;
} geometry;

/* Where a filter's slice, row or column falls in the input; may be outside. */
INLINE int input_z(const geometry *g, int oz, int fz) {
  return oz * g->stride_depth - g->pad_front + fz * g->dilation_depth;
}
INLINE int input_y(const geometry *g, int oy, int fy) {
  return oy * g->stride_height - g->pad_top + fy * g->dilation_height;
}
INLINE int input_x(const geometry *g, int ox, int fx) {
  return ox * g->stride_width - g->pad_left + fx * g->dilation_width;
}
INLINE int inside(int at, int size) { return at >= 0 && at < size; }

/* Floats of a slice. */
INLINE int in_size(const geometry *g) { return g->in_height * g->in_width * g->in_channels; }
INLINE int out_size(const geometry *g) { return g->out_height * g->out_width * g->out_channels; }
/* Floats of a volume. */
INLINE int in_volume(const geometry *g) { return g->in_depth * in_size(g); }
INLINE int out_volume(const geometry *g) { return g->out_depth * out_size(g); }
