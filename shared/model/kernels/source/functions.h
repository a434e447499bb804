/*
 * exp, log and tanh of our own: an engine's Math may differ from another's in the last bit, these can't.
 */
#pragma once
#include "simd.h"

/*
 * e^x to 2 units in the last place (Cephes expf): x = n ln 2 + r, a polynomial in r, n into the exponent.
 * Clamped to [-87, 88], where the result is a normal number. NaN stays NaN.
 */
INLINE vec vec_exp(vec x) {
  x = select(wasm_f32x4_lt(x, splat(-87)), splat(-87), x);
  x = select(wasm_f32x4_gt(x, splat(88)), splat(88), x);
  const vec n = wasm_f32x4_nearest(mul(x, splat(1.44269504f)));
  const vec r = sub(sub(x, mul(n, splat(0.693359375f))), mul(n, splat(-2.12194440e-4f)));
  vec p = splat(1.9875691500e-4f);
  p = multiply_add(p, r, splat(1.3981999507e-3f));
  p = multiply_add(p, r, splat(8.3334519073e-3f));
  p = multiply_add(p, r, splat(4.1665795894e-2f));
  p = multiply_add(p, r, splat(1.6666665459e-1f));
  p = multiply_add(p, r, splat(5.0000001201e-1f));
  p = add(multiply_add(p, mul(r, r), r), splat(1));
  const vec exponent = wasm_i32x4_shl(wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(n), wasm_i32x4_splat(127)), 23);
  return mul(p, exponent);
}

INLINE vec vec_sigmoid(vec x) { return divide(splat(1), add(splat(1), vec_exp(wasm_f32x4_neg(x)))); }

/* Cephes tanhf: a polynomial near 0, where 1 - 2 / (e^2x + 1) would lose its digits. */
INLINE vec vec_tanh(vec x) {
  const vec z = mul(x, x);
  vec p = splat(-5.70498872745e-3f);
  p = multiply_add(p, z, splat(2.06390887954e-2f));
  p = multiply_add(p, z, splat(-5.37397155531e-2f));
  p = multiply_add(p, z, splat(1.33314422036e-1f));
  p = multiply_add(p, z, splat(-3.33332819422e-1f));
  const vec near = multiply_add(mul(p, z), x, x);
  const vec far = sub(splat(1), divide(splat(2), add(vec_exp(add(x, x)), splat(1))));
  return select(wasm_f32x4_lt(wasm_f32x4_abs(x), splat(0.625f)), near, far);
}

/* Natural logarithm of a positive, normal number; NaN stays NaN. x = 2^n m, log m = 2 artanh((m - 1) / (m + 1)). */
INLINE double natural_log(double x) {
  if (!(x < __builtin_inf())) return x;
  union { double number; uint64_t bits; } m = {x};
  int n = (int)(m.bits >> 52) - 1023;
  m.bits = (m.bits & 0xfffffffffffffULL) | (1023ULL << 52);
  if (m.number > 1.4142135623730951) { m.number *= 0.5; n++; }
  const double s = (m.number - 1) / (m.number + 1), z = s * s;
  double series = 0;
  for (int k = 19; k >= 1; k -= 2) series = series * z + 1.0 / k;
  return n * 0.6931471805599453 + 2 * s * series;
}
