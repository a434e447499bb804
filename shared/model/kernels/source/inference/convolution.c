/*
 * General convolution, without a copy of its windows: what a filter's row covers lies in one piece in the image.
 *
 * The image is padded beforehand, so that no window reaches past it; that copy is small beside the products.
 */
#include "../geometry.h"
#include "strip.h"

/* Floats of the image that stay in the second cache while every panel of weights passes them. */
enum { BLOCK_FLOATS = 16384 };

/* Images [in height, in width, channels] with zeros around them, [height, width, channels]. */
EXPORT(pad_images)
void pad_images(const float *x, float *out, int images, int in_height, int in_width, int channels, int height,
                int width, int top, int left) {
  const int row = in_width * channels, out_row = width * channels, before = left * channels;
  const int after = out_row - before - row;
  for (int image = 0; image < images; image++) {
    clear(out, top * out_row);
    out += top * out_row;
    for (int y = 0; y < in_height; y++, x += row, out += out_row) {
      clear(out, before);
      copy(out + before, x, row);
      clear(out + before + row, after);
    }
    clear(out, (height - top - in_height) * out_row);
    out += (height - top - in_height) * out_row;
  }
}

typedef struct {
  const geometry *g;
  const float *x, *weights;
  float *out;
  vec low, high;
} layer;

/* Neighbouring pixels of a row by one panel of channels; inlined for each number of pixels. */
INLINE void convolve_strip(const layer *l, int pixels, int oy, int ox, int column) {
  const geometry *g = l->g;
  const int channels = g->in_channels, image_row = g->in_width * channels;
  const int pixel = g->stride_width * channels, tap = g->dilation_width * channels;
  /* Undilated, the taps of a filter's row lie side by side. */
  const int runs = g->dilation_width == 1 ? 1 : g->filter_width;
  const int depth = g->filter_width * channels / runs;
  const float *x = l->x + oy * g->stride_height * image_row + ox * pixel;
  const float *weights = l->weights + column / TILE_COLUMNS * panel_size(g->filter_height * g->filter_width * channels);
  strip s = strip_of_biases(pixels, 1, weights, 0);
  weights += TILE_COLUMNS;
  for (int fy = 0; fy < g->filter_height; fy++, x += g->dilation_height * image_row)
    for (int run = 0; run < runs; run++, weights += depth * TILE_COLUMNS)
      s = strip_add_product(s, pixels, 1, x + run * tap, pixel, weights, 0, depth);
  float *out = l->out + (oy * g->out_width + ox) * g->out_channels + column;
  strip_store(s, pixels, 1, out, g->out_channels, g->out_channels - column, l->low, l->high);
}

INLINE void convolve_row(const layer *l, int oy, int column) {
  const int width = l->g->out_width;
  int ox = 0;
  for (; ox + STRIP_ROWS <= width; ox += STRIP_ROWS) convolve_strip(l, STRIP_ROWS, oy, ox, column);
  switch (width - ox) {
  case 3: convolve_strip(l, 3, oy, ox, column); break;
  case 2: convolve_strip(l, 2, oy, ox, column); break;
  case 1: convolve_strip(l, 1, oy, ox, column); break;
  }
}

INLINE void convolve_image(const layer *l) {
  const geometry *g = l->g;
  const int block = larger(1, BLOCK_FLOATS / (g->in_width * g->in_channels * g->stride_height));
  for (int start = 0; start < g->out_height; start += block) {
    const int end = smaller(start + block, g->out_height);
    for (int column = 0; column < g->out_channels; column += TILE_COLUMNS)
      for (int oy = start; oy < end; oy++) convolve_row(l, oy, column);
  }
}

/*
 * x [batch, in height, in width, in channels], padded already; out [batch, out height, out width, out channels].
 * Weights packed by pack_dense, their depth the filter's [height, width, in channels].
 */
EXPORT(convolution)
void convolution(const geometry *g, const float *x, const float *weights, float *out, float low, float high) {
  layer l = {g, x, weights, out, splat(low), splat(high)};
  for (int image = 0; image < g->batch; image++, l.x += in_size(g), l.out += out_size(g)) convolve_image(&l);
}
