/*
 * Gradients of a convolution, as matrix products over unfolded stripes of images.
 *
 * A stripe is some rows of one output image. Unfolded, it is a matrix of [positions, taps]: for each output position
 * what the filter sees there, taps = filter height x filter width x channels. Padding is 0.
 */
#include "geometry.h"
#include "matmul.h"
#include "rows.h"

enum {
  /* Positions of a stripe, about: its matrices stay in the second cache, and a tile's sum is long enough. */
  STRIPE_POSITIONS = 196,
};

INLINE int taps_of(const geometry *g) { return g->filter_height * g->filter_width * g->in_channels; }
INLINE int stripe_rows(const geometry *g) {
  return smaller(g->out_height, larger(1, STRIPE_POSITIONS / g->out_width));
}

/* The columns of a filter's row that fall inside the image: first <= fx < end. */
typedef struct {
  int first, end;
} span;

INLINE span columns_inside(const geometry *g, int ox) {
  span s = {0, g->filter_width};
  while (s.first < s.end && input_x(g, ox, s.first) < 0) s.first++;
  while (s.end > s.first && input_x(g, ox, s.end - 1) >= g->in_width) s.end--;
  return s;
}

/* Output rows y0 to y1 of one image x into [positions, taps]. */
static void unfold(const geometry *g, const float *x, int y0, int y1, float *out) {
  const int channels = g->in_channels, row = g->filter_width * channels;
  for (int oy = y0; oy < y1; oy++)
    for (int ox = 0; ox < g->out_width; ox++) {
      const span s = columns_inside(g, ox);
      const float *from = x + input_x(g, ox, s.first) * channels;
      for (int fy = 0; fy < g->filter_height; fy++, out += row) {
        const int y = input_y(g, oy, fy);
        if (!inside(y, g->in_height)) { zero_floats(out, row); continue; }
        const float *line = from + y * g->in_width * channels;
        zero_floats(out, s.first * channels);
        copy_floats(out + s.first * channels, line, (s.end - s.first) * channels);
        zero_floats(out + s.end * channels, row - s.end * channels);
      }
    }
}

/* The reverse: adds [positions, taps] to the places of one image dx that they came from. */
static void fold(const geometry *g, const float *from, int y0, int y1, float *dx) {
  const int channels = g->in_channels, row = g->filter_width * channels;
  for (int oy = y0; oy < y1; oy++)
    for (int ox = 0; ox < g->out_width; ox++) {
      const span s = columns_inside(g, ox);
      float *to = dx + input_x(g, ox, s.first) * channels;
      for (int fy = 0; fy < g->filter_height; fy++, from += row) {
        const int y = input_y(g, oy, fy);
        if (!inside(y, g->in_height)) continue;
        add_floats(to + y * g->in_width * channels, from + s.first * channels, (s.end - s.first) * channels);
      }
    }
}

/* out [rows, columns] += the product of packed operands, both over `depth` steps. */
static void add_packed_product(const float *left, const float *right, float *out, int rows, int columns, int depth) {
  for (int column = 0; column < columns; column += TILE_COLUMNS, right += TILE_COLUMNS * depth)
    for (int row = 0; row < rows; row += TILE_ROWS) {
      const tile t = tile_add_product(zero_tile(), TILE_ROWS, left + row * depth, 1, TILE_ROWS, right, depth);
      float *to = out + row * columns + column;
      const int present = columns - column;
      UNROLL for (int r = 0; r < TILE_ROWS; r++, to += columns) {
        if (row + r >= rows) break;
        float sums[TILE_COLUMNS];
        if (present >= TILE_COLUMNS) {
          store(to, add(load(to), t.left[r]));
          store(to + LANES, add(load(to + LANES), t.right[r]));
          continue;
        }
        store(sums, t.left[r]);
        store(sums + LANES, t.right[r]);
        for (int c = 0; c < present; c++) to[c] += sums[c];
      }
    }
}

/* Floats of scratch that either gradient takes. The filter must have a dilation of 1. */
EXPORT(convolution_scratch)
int convolution_scratch(const geometry *g) {
  const int positions = stripe_rows(g) * g->out_width, taps = taps_of(g);
  const int filter = positions * (taps + round_up(taps, TILE_ROWS) + round_up(g->out_channels, TILE_COLUMNS));
  const int input = positions * taps + round_up(taps, TILE_COLUMNS) * g->out_channels;
  return larger(filter, input);
}

/* Adds what one output slice dy says of one of the filter's slices, which saw the input slice x there. */
static void add_filter_gradient(const geometry *g, const float *x, const float *dy, float *dw, float *scratch) {
  const int taps = taps_of(g), rows = stripe_rows(g), most = rows * g->out_width;
  float *left = scratch + most * taps, *right = left + most * round_up(taps, TILE_ROWS);
  for (int y0 = 0; y0 < g->out_height; y0 += rows) {
    const int y1 = smaller(g->out_height, y0 + rows), positions = (y1 - y0) * g->out_width;
    unfold(g, x, y0, y1, scratch);
    pack_left(scratch, taps, left, positions, taps);
    pack_right(dy, g->out_channels, 1, right, positions, g->out_channels);
    add_packed_product(left, right, dw, taps, g->out_channels, positions);
    dy += positions * g->out_channels;
  }
}

/* dw [filter depth, filter height, filter width, in channels, out channels] */
EXPORT(convolution_filter_gradient)
void convolution_filter_gradient(const geometry *g, const float *x, const float *dy, float *dw, float *scratch) {
  const int slice = taps_of(g) * g->out_channels;
  clear(dw, g->filter_depth * slice);
  for (int image = 0; image < g->batch; image++, x += in_volume(g))
    for (int oz = 0; oz < g->out_depth; oz++, dy += out_size(g))
      for (int fz = 0; fz < g->filter_depth; fz++) {
        const int z = input_z(g, oz, fz);
        if (inside(z, g->in_depth)) add_filter_gradient(g, x + z * in_size(g), dy, dw + fz * slice, scratch);
      }
}

/* Adds to one input slice dx what one output slice dy says of it through one of the filter's slices, as panels. */
static void add_input_gradient(const geometry *g, const float *dy, const float *panels, float *dx, float *scratch) {
  const int taps = taps_of(g), rows = stripe_rows(g), depth = g->out_channels;
  for (int y0 = 0; y0 < g->out_height; y0 += rows) {
    const int y1 = smaller(g->out_height, y0 + rows), positions = (y1 - y0) * g->out_width;
    product p = product_of_rows(dy, 0, depth);
    p.panels = panels;
    p.panel_stride = depth * TILE_COLUMNS;
    p.out = scratch;
    p.rows = positions;
    p.columns = taps;
    multiply(&p);
    fold(g, scratch, y0, y1, dx);
    dy += positions * depth;
  }
}

/* dx [batch, in depth, in height, in width, in channels] */
EXPORT(convolution_input_gradient)
void convolution_input_gradient(const geometry *g, const float *dy, const float *filter, float *dx, float *scratch) {
  const int taps = taps_of(g), depth = g->out_channels;
  float *panels = scratch + stripe_rows(g) * g->out_width * taps;
  clear(dx, g->batch * in_volume(g));
  for (int fz = 0; fz < g->filter_depth; fz++, filter += taps * depth) {
    pack_right(filter, 1, depth, panels, depth, taps);
    for (int image = 0; image < g->batch; image++)
      for (int oz = 0; oz < g->out_depth; oz++) {
        const int z = input_z(g, oz, fz);
        if (!inside(z, g->in_depth)) continue;
        const float *from = dy + image * out_volume(g) + oz * out_size(g);
        add_input_gradient(g, from, panels, dx + image * in_volume(g) + z * in_size(g), scratch);
      }
  }
}
