/*
 * Training a stack of dense layers: forward, backward and Adam, on memory that the caller laid out. Losses are in
 * losses.c, what lies between a layer and its activation in normalization.c.
 *
 * Weights, and both of Adam's moments, live in panels of eight outputs, [ceil(outputs / 8)][1 + inputs4][8]: a row of
 * biases, then the inputs rounded up to four. What is padded has a gradient of 0 and so stays 0 through every step,
 * which is why nothing here has an edge case for widths.
 */
#include "adam.h"
#include "functions.h"
#include "matmul.h"

/* Row-major [inputs, outputs] and [outputs] into panels. */
EXPORT(pack_weights)
void pack_weights(const float *kernel, const float *bias, float *panels, int inputs, int outputs) {
  const int size = weight_panel_size(inputs);
  clear(panels, size * (round_up(outputs, TILE_COLUMNS) / TILE_COLUMNS));
  pack(bias, 0, 1, panels, size, 1, outputs, TILE_COLUMNS);
  pack(kernel, outputs, 1, panels + TILE_COLUMNS, size, inputs, outputs, TILE_COLUMNS);
}

EXPORT(unpack_weights)
void unpack_weights(const float *panels, float *kernel, float *bias, int inputs, int outputs) {
  const int size = weight_panel_size(inputs);
  for (int column = 0; column < outputs; column += TILE_COLUMNS, panels += size) {
    const int present = smaller(TILE_COLUMNS, outputs - column);
    copy(bias + column, panels, present);
    for (int k = 0; k < inputs; k++)
      copy(kernel + k * outputs + column, panels + (1 + k) * TILE_COLUMNS, present);
  }
}

/* y [rows, outputs] = x [rows, inputs] times the kernel, plus the bias. */
EXPORT(dense_forward)
void dense_forward(const float *x, const float *weights, float *y, int rows, int inputs, int outputs) {
  product p = product_of_rows(x, 0, inputs);
  p.panels = weights + TILE_COLUMNS;
  p.panel_stride = weight_panel_size(inputs);
  p.bias = weights;
  p.out = y;
  p.rows = rows;
  p.columns = outputs;
  multiply(&p);
}

enum activation { LINEAR, RELU, RELU6, SIGMOID, TANH, ELU, LEAKY_RELU };

/* The slope of a leaky relu below 0, as Keras has it. */
#define LEAK 0.3f

INLINE vec zero_or_one(vec condition) { return wasm_v128_and(condition, splat(1)); }

INLINE vec activated(enum activation kind, vec x) {
  switch (kind) {
  case LINEAR: return x;
  /* The comparison is false for NaN, which therefore stays. */
  case RELU: return select(wasm_f32x4_lt(x, splat(0)), splat(0), x);
  case RELU6: return select(wasm_f32x4_gt(x, splat(6)), splat(6), select(wasm_f32x4_lt(x, splat(0)), splat(0), x));
  case SIGMOID: return vec_sigmoid(x);
  case TANH: return vec_tanh(x);
  case ELU: return select(wasm_f32x4_lt(x, splat(0)), sub(vec_exp(x), splat(1)), x);
  case LEAKY_RELU: return select(wasm_f32x4_lt(x, splat(0)), mul(x, splat(LEAK)), x);
  }
}

/* The derivative, from the activation's value. */
INLINE vec slope_of(enum activation kind, vec y) {
  switch (kind) {
  case LINEAR: return splat(1);
  case RELU: return zero_or_one(wasm_f32x4_gt(y, splat(0)));
  case RELU6: return zero_or_one(wasm_v128_and(wasm_f32x4_gt(y, splat(0)), wasm_f32x4_lt(y, splat(6))));
  case SIGMOID: return mul(y, sub(splat(1), y));
  case TANH: return sub(splat(1), mul(y, y));
  case ELU: return select(wasm_f32x4_lt(y, splat(0)), add(y, splat(1)), splat(1));
  case LEAKY_RELU: return select(wasm_f32x4_lt(y, splat(0)), splat(LEAK), splat(1));
  }
}

INLINE void activate_as(enum activation kind, float *values, float *slopes, int masked, int count) {
  for (int i = 0; i < count; i += LANES) {
    const vec y = activated(kind, load(values + i));
    const vec mask = masked ? load(slopes + i) : splat(1);
    store(slopes + i, mul(slope_of(kind, y), mask));
    store(values + i, mul(y, mask));
  }
}

/*
 * Activation and dropout in place. `slopes` holds the dropout mask on entry where `masked`, and d value / d input on
 * return. Both have room for `count` rounded up to four.
 */
EXPORT(activate)
void activate(int kind, float *values, float *slopes, int masked, int count) {
  switch (kind) {
  case LINEAR: activate_as(LINEAR, values, slopes, masked, count); break;
  case RELU: activate_as(RELU, values, slopes, masked, count); break;
  case RELU6: activate_as(RELU6, values, slopes, masked, count); break;
  case SIGMOID: activate_as(SIGMOID, values, slopes, masked, count); break;
  case TANH: activate_as(TANH, values, slopes, masked, count); break;
  case ELU: activate_as(ELU, values, slopes, masked, count); break;
  case LEAKY_RELU: activate_as(LEAKY_RELU, values, slopes, masked, count); break;
  }
}

/* Row-major [rows, columns] into panels of eight, [ceil(columns / 8)][rows][8]. */
EXPORT(pack_gradient)
void pack_gradient(const float *from, float *panels, int rows, int columns) {
  pack_right(from, columns, 1, panels, rows, columns);
}

/* Row-major [rows, columns] into panels of four, [ceil(columns / 4)][rows][4]. */
EXPORT(pack_inputs)
void pack_inputs(const float *from, float *panels, int rows, int columns) {
  pack_left(from, columns, panels, rows, columns);
}

/* Four inputs' gradients in one row: a dot product over all outputs each. */
INLINE vec input_gradients(const float *gradient, int gradient_stride, const float *weights, int weight_stride,
                           int panels) {
  vec sums[4] = {splat(0), splat(0), splat(0), splat(0)};
  for (int p = 0; p < panels; p++, gradient += gradient_stride, weights += weight_stride) {
    const vec left = load(gradient), right = load(gradient + LANES);
    UNROLL for (int k = 0; k < 4; k++) {
      sums[k] = multiply_add(left, load(weights + k * TILE_COLUMNS), sums[k]);
      sums[k] = multiply_add(right, load(weights + k * TILE_COLUMNS + LANES), sums[k]);
    }
  }
  return wasm_f32x4_make(sum_lanes(sums[0]), sum_lanes(sums[1]), sum_lanes(sums[2]), sum_lanes(sums[3]));
}

/*
 * The gradient that the layer before gets: out [rows, inputs] = gradient times the kernel transposed, times slopes.
 * gradient in panels of eight. Must run before the weights change.
 *
 * Four inputs' weights of all panels stay in the first cache while every row passes them.
 */
EXPORT(dense_input_gradient)
void dense_input_gradient(const float *gradient, const float *weights, const float *slopes, float *out, int rows,
                          int inputs, int outputs) {
  const int panels = round_up(outputs, TILE_COLUMNS) / TILE_COLUMNS;
  for (int k = 0; k < inputs; k += 4) {
    const float *four = weights + (1 + k) * TILE_COLUMNS;
    const int present = inputs - k;
    for (int row = 0; row < rows; row++) {
      const vec sums = input_gradients(gradient + row * TILE_COLUMNS, rows * TILE_COLUMNS, four,
                                       weight_panel_size(inputs), panels);
      const int at = row * inputs + k;
      /* Slopes have room for a whole vector past their end, and the rows before do not mind being read. */
      store_some(out + at, mul(sums, load(slopes + at)), present);
    }
  }
}

INLINE void update_bias(const adam *a, const float *gradient, float *w, float *m, float *v, int rows) {
  vec left = splat(0), right = splat(0);
  for (int row = 0; row < rows; row++) {
    left = add(left, load(gradient + row * TILE_COLUMNS));
    right = add(right, load(gradient + row * TILE_COLUMNS + LANES));
  }
  adam_step(a, left, w, m, v);
  adam_step(a, right, w + LANES, m + LANES, v + LANES);
}

/*
 * The weight gradient and Adam in one pass: the gradient never leaves the registers.
 *
 * inputs in panels of four; gradient in panels of eight; weights and moments in weight panels.
 */
EXPORT(dense_update)
void dense_update(const float *x, const float *gradient, float *weights, float *m, float *v, int rows, int inputs,
                  int outputs, const adam_settings *settings) {
  const adam a = adam_from(settings);
  const int size = weight_panel_size(inputs);
  for (int column = 0; column < outputs; column += TILE_COLUMNS, gradient += rows * TILE_COLUMNS) {
    const int panel = column / TILE_COLUMNS * size;
    update_bias(&a, gradient, weights + panel, m + panel, v + panel, rows);
    for (int k = 0; k < inputs; k += TILE_ROWS) {
      const tile t = tile_add_product(zero_tile(), TILE_ROWS, x + k * rows, 1, TILE_ROWS, gradient, rows);
      UNROLL for (int r = 0; r < TILE_ROWS; r++) {
        const int at = panel + (1 + k + r) * TILE_COLUMNS;
        adam_step(&a, t.left[r], weights + at, m + at, v + at);
        adam_step(&a, t.right[r], weights + at + LANES, m + at + LANES, v + at + LANES);
      }
    }
  }
}
