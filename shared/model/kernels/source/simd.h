/*
 * The vocabulary of all kernels: vectors of four floats, tiles of them, and the panels that tiles read.
 *
 * Plain SIMD only, multiply and add rounded one after the other: every machine computes the same bits. Relaxed SIMD's
 * fused multiply-add would be a fifth faster and would differ between machines.
 *
 * Kernels have no static data and allocate nothing, so that one binary works on a memory of its own and on the heap
 * of somebody else's.
 */
#pragma once
#include <stdint.h>
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name)))
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

typedef v128_t vec;

enum {
  LANES = 4,
  /* Rows of a tile. Eight accumulators, a row of the panel and one splat stay in the sixteen registers of x86. */
  TILE_ROWS = 4,
  /* Columns of a tile, and of a panel. */
  TILE_COLUMNS = 8,
};

INLINE vec load(const float *from) { return wasm_v128_load(from); }
INLINE void store(float *to, vec value) { wasm_v128_store(to, value); }
INLINE vec splat(float value) { return wasm_f32x4_splat(value); }
INLINE vec load_splat(const float *from) { return wasm_v128_load32_splat(from); }
INLINE vec add(vec a, vec b) { return wasm_f32x4_add(a, b); }
INLINE vec sub(vec a, vec b) { return wasm_f32x4_sub(a, b); }
INLINE vec mul(vec a, vec b) { return wasm_f32x4_mul(a, b); }
INLINE vec divide(vec a, vec b) { return wasm_f32x4_div(a, b); }
INLINE vec multiply_add(vec a, vec b, vec c) { return add(mul(a, b), c); }
INLINE vec select(vec mask, vec yes, vec no) { return wasm_v128_bitselect(yes, no, mask); }
/* The value, or 0 where it is smaller than `least` in size. What is not a number stays so. */
INLINE vec without_traces(vec value, vec least) {
  return wasm_v128_andnot(value, wasm_f32x4_lt(wasm_f32x4_abs(value), least));
}

/* In a fixed order: the sum of lanes is rounded, too. */
INLINE float sum_lanes(vec v) {
  return (wasm_f32x4_extract_lane(v, 0) + wasm_f32x4_extract_lane(v, 1)) +
         (wasm_f32x4_extract_lane(v, 2) + wasm_f32x4_extract_lane(v, 3));
}

INLINE int round_up(int n, int multiple) { return (n + multiple - 1) / multiple * multiple; }
INLINE int smaller(int a, int b) { return a < b ? a : b; }
INLINE int larger(int a, int b) { return a > b ? a : b; }

/* Compiles to memory.fill. */
INLINE void clear(float *values, int count) { __builtin_memset(values, 0, (unsigned long)count * sizeof(float)); }
INLINE void copy(float *to, const float *from, int count) {
  __builtin_memcpy(to, from, (unsigned long)count * sizeof(float));
}

/* The first `count` of four lanes. */
INLINE void store_some(float *to, vec value, int count) {
  if (count >= 4) { store(to, value); return; }
  if (count > 0) to[0] = wasm_f32x4_extract_lane(value, 0);
  if (count > 1) to[1] = wasm_f32x4_extract_lane(value, 1);
  if (count > 2) to[2] = wasm_f32x4_extract_lane(value, 2);
}
