// WebP by libwebp, lossy and lossless; of the container (RFC 9649) only the Exif chunk is read here.
#include <stdlib.h>
#include <string.h>

#include "src/webp/decode.h"

#include "pictures.h"

// Of libwebp's orders of samples only RGBA is built.
enum { RIFF_HEADER_BYTES = 12, CHUNK_HEADER_BYTES = 8, SAMPLES = 4 };

static uint32_t read_size(const uint8_t *at) {
  return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

// Some writers put the header of a JPEG's Exif segment before the TIFF structure.
static int orientation_of(const uint8_t *exif, size_t bytes) {
  size_t header = bytes > 6 && memcmp(exif, "Exif\0\0", 6) == 0 ? 6 : 0;
  return read_orientation(exif + header, bytes - header);
}

static int find_orientation(const uint8_t *file, size_t bytes) {
  size_t at = RIFF_HEADER_BYTES;
  while (at + CHUNK_HEADER_BYTES <= bytes) {
    size_t size = read_size(file + at + 4);
    const uint8_t *chunk = file + at + CHUNK_HEADER_BYTES;
    if (size > bytes - at - CHUNK_HEADER_BYTES) return 1;
    if (memcmp(file + at, "EXIF", 4) == 0) return orientation_of(chunk, size);
    at += CHUNK_HEADER_BYTES + size + (size & 1);
  }
  return 1;
}

static void check(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OK:
      return;
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
      fail(TRUNCATED);
    case VP8_STATUS_OUT_OF_MEMORY:
      fail(TOO_MUCH_MEMORY);
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      fail(UNSUPPORTED);
    default:
      fail(DAMAGED);
  }
}

void decode_webp_rows(const uint8_t *file, size_t bytes, const struct target *target) {
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) fail(DAMAGED);
  check(WebPGetFeatures(file, bytes, &config.input));
  start_picture(config.input.width, config.input.height);
  if (config.input.has_animation) fail(ANIMATED);

  size_t row_bytes = (size_t)SAMPLES * config.input.width;
  uint8_t *pixels = malloc(row_bytes * config.input.height);
  config.output.colorspace = MODE_RGBA;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = (WebPRGBABuffer){pixels, (int)row_bytes, row_bytes * config.input.height};
  check(WebPDecode(file, bytes, &config));
  start_rows(target, find_orientation(file, bytes));
  for (int y = 0; y < config.input.height; y++) put_row(pixels + row_bytes * y, SAMPLES);
}
