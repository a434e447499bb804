// What the decoders of the three formats share. A picture goes row by row, from top to bottom, through put_row; only
// what a format needs by itself (coefficients of a progressive JPEG, an interlaced PNG, a WebP) is ever whole in memory.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Numbers are known to decoder.ts.
enum problem {
  TRUNCATED = 1,
  DAMAGED = 2,
  UNSUPPORTED = 3,
  CMYK = 4,
  ANIMATED = 5,
  TOO_MANY_PIXELS = 6,
  TOO_MUCH_MEMORY = 7,
  TOO_MANY_SCANS = 8,
};

enum resize { STRETCH = 0, COVER = 1, CONTAIN = 2 };

// What a model wants: pixels of [height][width][channels], channels being 1 (grey) or 3 (red, green, blue).
struct target {
  int32_t height, width, channels;
  enum resize resize;
};

// Leaves the decoder for good by an exception of the host; the instance is not used again.
__attribute__((import_module("host"), import_name("fail"))) _Noreturn void fail(enum problem problem);

// The first thing a decoder does once it knows the size: it is refused here if there are too many pixels.
void start_picture(int32_t width, int32_t height);

// Says how the rows that follow are turned (Exif, 1 to 8), and prepares their way to the target.
void start_rows(const struct target *target, int orientation);

// A row of the picture as it is stored, samples of 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA) bytes a pixel.
void put_row(const uint8_t *row, int samples);

// The pixels when the last row is in, [height][width][channels] of the target.
uint8_t *finish_rows(void);

// The orientation that a TIFF structure says (Exif 2.32, tag 0x0112), 1 to 8; 1 where it says none.
int read_orientation(const uint8_t *tiff, size_t bytes);

void decode_jpeg_rows(const uint8_t *file, size_t bytes, const struct target *target);
void decode_png_rows(const uint8_t *file, size_t bytes, const struct target *target);
void decode_webp_rows(const uint8_t *file, size_t bytes, const struct target *target);
