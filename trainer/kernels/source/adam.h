/*
 * Adam (Kingma & Ba 2015, algorithm 1) for four parameters at a time.
 *
 * A moment whose gradient stays away decays to a subnormal number within some seven hundred steps, and x86 takes a
 * hundred times as long for arithmetic with those. So a first moment below 1e-25 is dropped and a second is
 * 1e-36 at least: beside an epsilon of 1e-7 neither moves a weight.
 */
#pragma once
#include "simd.h"

/* Splatted once for each call. */
typedef struct {
  vec beta1, complement1, beta2, complement2;
  vec rate;        /* learning rate / (1 - beta1^t) */
  vec correction2; /* 1 / (1 - beta2^t) */
  vec epsilon;
} adam;

/* How the numbers stand in memory, as the caller wrote them. */
typedef struct {
  float beta1, complement1, beta2, complement2, rate, correction2, epsilon;
} adam_settings;

INLINE adam adam_from(const adam_settings *s) {
  return (adam){splat(s->beta1), splat(s->complement1), splat(s->beta2),  splat(s->complement2),
                splat(s->rate),  splat(s->correction2), splat(s->epsilon)};
}

INLINE vec adam_moment(vec moment, vec beta, vec value, vec complement) {
  return add(mul(moment, beta), mul(value, complement));
}

INLINE void adam_step(const adam *a, vec gradient, float *weights, float *m, float *v) {
  const vec first = without_traces(adam_moment(load(m), a->beta1, gradient, a->complement1), splat(1e-25f));
  const vec second = wasm_f32x4_pmax(
      adam_moment(load(v), a->beta2, mul(gradient, gradient), a->complement2), splat(1e-36f));
  store(m, first);
  store(v, second);
  const vec scale = add(wasm_f32x4_sqrt(mul(second, a->correction2)), a->epsilon);
  store(weights, sub(load(weights), divide(mul(first, a->rate), scale)));
}
