/*
 * Augmenting pictures: one affine resampling, colours by table, noise. Bytes in, bytes out, integers in between, so
 * that every machine gives the same bytes.
 *
 * Pictures are [height, width, channels], row by row, channels 1 or 3. Kernels read and write up to a vector past the
 * end of a picture: the caller leaves room.
 */
#include "simd.h"

enum {
  /* Bits of a weight: two of them and a pixel stay below 2^31, and a weight fits a signed 16-bit lane. */
  WEIGHT_BITS = 11,
  ONE = 1 << WEIGHT_BITS,
  HALF = 1 << (2 * WEIGHT_BITS - 1),
};

/* From an output pixel's place to its source's: x' = xx x + xy y + x0, y' = yx x + yy y + y0, in pixels. */
typedef struct {
  double xx, xy, x0;
  double yx, yy, y0;
} affine;

typedef struct {
  const uint8_t *pixels;
  int height, width, channels;
  /* What lies around the picture: a value, or below 0 its mirror image. */
  int fill;
} picture;

/* 32.32: the places of a row are sums of steps, and 32 bits keep a thousand of them exact to a millionth of a pixel. */
INLINE int64_t to_fixed(double x) { return (int64_t)__builtin_floor(x * 4294967296.0 + 0.5); }
INLINE int whole(int64_t x) { return (int)(x >> 32); }
INLINE int fraction(int64_t x) { return (int)((uint32_t)x >> (32 - WEIGHT_BITS)); }

/* d c b a | a b c d | d c b a */
INLINE int mirrored(int at, int size) {
  const int period = 2 * size;
  int rest = at % period;
  if (rest < 0) rest += period;
  return rest < size ? rest : period - 1 - rest;
}

INLINE int tap(const picture *from, int y, int x, int channel) {
  if (from->fill >= 0 && ((unsigned)y >= (unsigned)from->height || (unsigned)x >= (unsigned)from->width))
    return from->fill;
  return from->pixels[(mirrored(y, from->height) * from->width + mirrored(x, from->width)) * from->channels + channel];
}

/* Where one of the four neighbours lies outside. */
static void blend_edge(const picture *from, int y, int x, int down, int right, uint8_t *to) {
  for (int c = 0; c < from->channels; c++) {
    const int upper = tap(from, y, x, c) * (ONE - right) + tap(from, y, x + 1, c) * right;
    const int lower = tap(from, y + 1, x, c) * (ONE - right) + tap(from, y + 1, x + 1, c) * right;
    to[c] = (uint8_t)((upper * (ONE - down) + lower * down + HALF) >> (2 * WEIGHT_BITS));
  }
}

INLINE void blend_grey(const uint8_t *at, int width, int down, int right, uint8_t *to) {
  const int upper = at[0] * (ONE - right) + at[1] * right;
  const int lower = at[width] * (ONE - right) + at[width + 1] * right;
  *to = (uint8_t)((upper * (ONE - down) + lower * down + HALF) >> (2 * WEIGHT_BITS));
}

/* Two neighbours of a row, blended: [r, g, b, -] */
INLINE vec blend_pair(const uint8_t *at, vec weights) {
  const vec left = wasm_v128_load32_zero(at), right = wasm_v128_load32_zero(at + 3);
  const vec pairs = wasm_i8x16_shuffle(left, right, 0, 16, 1, 17, 2, 18, 3, 19, 0, 16, 1, 17, 2, 18, 3, 19);
  return wasm_i32x4_dot_i16x8(wasm_u16x8_extend_low_u8x16(pairs), weights);
}

INLINE void blend_colour(const uint8_t *at, int width, int down, int right, uint8_t *to) {
  const vec weights = wasm_i32x4_splat((ONE - right) | right << 16);
  const vec upper = wasm_i32x4_mul(blend_pair(at, weights), wasm_i32x4_splat(ONE - down));
  const vec lower = wasm_i32x4_mul(blend_pair(at + 3 * width, weights), wasm_i32x4_splat(down));
  const vec sum = wasm_i32x4_add(wasm_i32x4_add(upper, lower), wasm_i32x4_splat(HALF));
  const vec words = wasm_u32x4_shr(sum, 2 * WEIGHT_BITS);
  const vec halves = wasm_i16x8_narrow_i32x4(words, words);
  /* Four bytes: the fourth belongs to the next pixel, which is written after this one. */
  wasm_v128_store32_lane(to, wasm_u8x16_narrow_i16x8(halves, halves), 0);
}

/* Bilinear. `to` has the size of `from`. */
EXPORT(resample)
void resample(const uint8_t *pixels, uint8_t *to, int height, int width, int channels, int fill, const affine *map) {
  const picture from = {pixels, height, width, channels, fill};
  const int64_t step_x = to_fixed(map->xx), step_y = to_fixed(map->yx);
  for (int oy = 0; oy < height; oy++) {
    int64_t x = to_fixed(map->xy * oy + map->x0), y = to_fixed(map->yy * oy + map->y0);
    for (int ox = 0; ox < width; ox++, to += channels, x += step_x, y += step_y) {
      const int left = whole(x), top = whole(y), right = fraction(x), down = fraction(y);
      const int inside = (unsigned)left < (unsigned)(width - 1) && (unsigned)top < (unsigned)(height - 1);
      const uint8_t *const at = pixels + (top * width + left) * channels;
      if (!inside) blend_edge(&from, top, left, down, right, to);
      else if (channels == 1) blend_grey(at, width, down, right, to);
      else blend_colour(at, width, down, right, to);
    }
  }
}

EXPORT(sum_bytes)
int sum_bytes(const uint8_t *bytes, int count) {
  unsigned sum = 0;
  for (int i = 0; i < count; i++) sum += bytes[i];
  return (int)sum;
}

/* Every byte becomes the table's entry for it, [256]. */
EXPORT(look_up)
void look_up(uint8_t *bytes, int count, const uint8_t *table) {
  for (int i = 0; i < count; i++) bytes[i] = table[bytes[i]];
}

/* lowbias32 (Chris Wellons 2018, public domain): a bijection of 32 bits that leaves no visible structure. */
INLINE vec scramble(vec x) {
  x = wasm_v128_xor(x, wasm_u32x4_shr(x, 16));
  x = wasm_i32x4_mul(x, wasm_i32x4_splat(0x7feb352d));
  x = wasm_v128_xor(x, wasm_u32x4_shr(x, 15));
  x = wasm_i32x4_mul(x, wasm_i32x4_splat((int)0x846ca68b));
  return wasm_v128_xor(x, wasm_u32x4_shr(x, 16));
}

/* Four times a sum of four random bytes: near normal (Irwin-Hall), mean 510, standard deviation 147.8. */
INLINE vec four_draws(vec counter) {
  const vec pairs = wasm_u16x8_extadd_pairwise_u8x16(scramble(counter));
  return wasm_i32x4_sub(wasm_u32x4_extadd_pairwise_u16x8(pairs), wasm_i32x4_splat(510));
}

/* Adds to each byte its own draw times `amplitude` / 2^16, rounded; what leaves 0 to 255 is clamped. */
EXPORT(add_noise)
void add_noise(uint8_t *bytes, int count, int amplitude, uint32_t seed) {
  const vec scale = wasm_i32x4_splat(amplitude), half = wasm_i32x4_splat(1 << 15);
  vec counter = wasm_i32x4_add(wasm_i32x4_splat((int)seed), wasm_i32x4_make(0, 1, 2, 3));
  for (int i = 0; i < count; i += 16) {
    vec sums[4];
    UNROLL for (int part = 0; part < 4; part++) {
      const vec delta = wasm_i32x4_add(wasm_i32x4_mul(four_draws(counter), scale), half);
      const vec pixels = wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(wasm_v128_load32_zero(bytes + i + 4 * part)));
      sums[part] = wasm_i32x4_add(pixels, wasm_i32x4_shr(delta, 16));
      counter = wasm_i32x4_add(counter, wasm_i32x4_splat(4));
    }
    const vec low = wasm_i16x8_narrow_i32x4(sums[0], sums[1]), high = wasm_i16x8_narrow_i32x4(sums[2], sums[3]);
    wasm_v128_store(bytes + i, wasm_u8x16_narrow_i16x8(low, high));
  }
}
