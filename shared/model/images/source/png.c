// PNG by libpng: 8 bits a sample (of 16 the nearest), palettes expanded, gamma and profiles left alone.
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "pictures.h"

struct source {
  const uint8_t *next;
  size_t left;
};

static void on_read(png_structp decoder, png_bytep to, size_t bytes) {
  struct source *source = png_get_io_ptr(decoder);
  if (bytes > source->left) fail(TRUNCATED);
  memcpy(to, source->next, bytes);
  source->next += bytes;
  source->left -= bytes;
}

_Noreturn static void on_error(png_structp decoder, png_const_charp message) {
  (void)decoder;
  (void)message;
  fail(DAMAGED);
}

static void on_warning(png_structp decoder, png_const_charp message) {
  (void)decoder;
  (void)message;
}

static int find_orientation(png_structp decoder, png_infop info) {
  png_uint_32 bytes = 0;
  png_bytep exif = NULL;
  return png_get_eXIf_1(decoder, info, &bytes, &exif) ? read_orientation(exif, bytes) : 1;
}

// An interlaced picture is whole only after its last pass.
static void put_interlaced(png_structp decoder, png_uint_32 height, size_t row_bytes, int samples) {
  uint8_t *pixels = malloc(row_bytes * height);
  png_bytepp rows = malloc(sizeof(png_bytep) * height);
  for (png_uint_32 y = 0; y < height; y++) rows[y] = pixels + row_bytes * y;
  png_read_image(decoder, rows);
  for (png_uint_32 y = 0; y < height; y++) put_row(rows[y], samples);
}

static void put_rows(png_structp decoder, png_uint_32 height, size_t row_bytes, int samples) {
  uint8_t *row = malloc(row_bytes);
  for (png_uint_32 y = 0; y < height; y++) {
    png_read_row(decoder, row, NULL);
    put_row(row, samples);
  }
}

void decode_png_rows(const uint8_t *file, size_t bytes, const struct target *target) {
  struct source source = {file, bytes};
  png_structp decoder = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning);
  png_infop info = png_create_info_struct(decoder);
  png_set_read_fn(decoder, &source, on_read);
  png_set_crc_action(decoder, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_read_info(decoder, info);
  png_uint_32 width, height;
  int bits, colour;
  png_get_IHDR(decoder, info, &width, &height, &bits, &colour, NULL, NULL, NULL);
  start_picture((int32_t)width, (int32_t)height);

  png_set_expand(decoder);
  png_set_scale_16(decoder);
  int passes = png_set_interlace_handling(decoder);
  png_read_update_info(decoder, info);
  start_rows(target, find_orientation(decoder, info));
  size_t row_bytes = png_get_rowbytes(decoder, info);
  int samples = png_get_channels(decoder, info);
  if (passes > 1) put_interlaced(decoder, height, row_bytes, samples);
  else put_rows(decoder, height, row_bytes, samples);
  png_read_end(decoder, NULL);
}
