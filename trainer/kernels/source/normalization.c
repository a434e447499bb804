/*
 * Batch normalisation of a layer's values, before its activation (Ioffe & Szegedy 2015).
 *
 * Values are [rows, columns], what belongs to a column is [columns]. Whole vectors are read past a row's end, which
 * the caller's memory has room for; nothing is written there.
 */
#include "simd.h"

INLINE vec inverse_deviation(vec variance, float epsilon) {
  return divide(splat(1), wasm_f32x4_sqrt(add(variance, splat(epsilon))));
}

INLINE vec mean_of(const float *values, int rows, int columns) {
  vec sum = splat(0);
  for (int row = 0; row < rows; row++) sum = add(sum, load(values + row * columns));
  return divide(sum, splat((float)rows));
}

INLINE vec variance_of(const float *values, vec mean, int rows, int columns) {
  vec sum = splat(0);
  for (int row = 0; row < rows; row++) {
    const vec distance = sub(load(values + row * columns), mean);
    sum = multiply_add(distance, distance, sum);
  }
  return divide(sum, splat((float)rows));
}

INLINE void move_towards(float *running, vec value, float share, int present) {
  const vec old = load(running);
  store_some(running, multiply_add(sub(value, old), splat(share), old), present);
}

/*
 * In training: by the batch's own mean and variance, towards which the running ones move by `share`. A single row says
 * nothing about a spread and leaves them as they are.
 *
 * values: in place; normalized [rows, columns] and inverse [columns] are kept for the gradient.
 */
EXPORT(normalize_batch)
void normalize_batch(float *values, float *normalized, float *inverse, const float *gamma, const float *beta,
                     float *mean, float *variance, int rows, int columns, float share, float epsilon) {
  for (int c = 0; c < columns; c += LANES) {
    const int present = columns - c;
    const vec center = mean_of(values + c, rows, columns);
    const vec spread = variance_of(values + c, center, rows, columns);
    const vec scale = inverse_deviation(spread, epsilon);
    store_some(inverse + c, scale, present);
    for (int at = c; at < rows * columns; at += columns) {
      const vec x = mul(sub(load(values + at), center), scale);
      store_some(normalized + at, x, present);
      store_some(values + at, multiply_add(x, load(gamma + c), load(beta + c)), present);
    }
    if (rows == 1) continue;
    move_towards(mean + c, center, share, present);
    move_towards(variance + c, spread, share, present);
  }
}

/* As it serves: by the running mean and variance. */
EXPORT(normalize_running)
void normalize_running(float *values, const float *gamma, const float *beta, const float *mean,
                       const float *variance, int rows, int columns, float epsilon) {
  for (int c = 0; c < columns; c += LANES) {
    const vec scale = mul(load(gamma + c), inverse_deviation(load(variance + c), epsilon));
    const vec shift = sub(load(beta + c), mul(load(mean + c), scale));
    for (int at = c; at < rows * columns; at += columns)
      store_some(values + at, multiply_add(load(values + at), scale, shift), columns - c);
  }
}

/* gradient: that of the normalised values in, that of the values before out. dgamma, dbeta [columns] */
EXPORT(normalization_gradient)
void normalization_gradient(float *gradient, const float *normalized, const float *inverse, const float *gamma,
                            float *dgamma, float *dbeta, int rows, int columns) {
  const vec share = splat(1.0f / (float)rows);
  for (int c = 0; c < columns; c += LANES) {
    const int present = columns - c;
    vec sum = splat(0), product = splat(0);
    for (int at = c; at < rows * columns; at += columns) {
      sum = add(sum, load(gradient + at));
      product = multiply_add(load(gradient + at), load(normalized + at), product);
    }
    store_some(dbeta + c, sum, present);
    store_some(dgamma + c, product, present);
    const vec scale = mul(load(gamma + c), load(inverse + c));
    const vec level = mul(sum, share), tilt = mul(product, share);
    for (int at = c; at < rows * columns; at += columns) {
      const vec rest = sub(sub(load(gradient + at), level), mul(load(normalized + at), tilt));
      store_some(gradient + at, mul(rest, scale), present);
    }
  }
}
