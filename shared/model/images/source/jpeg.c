// JPEG by libjpeg-turbo, with its defaults: the exact integer transform, smooth upsampling of colour.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "pictures.h"

enum { EXIF_HEADER_BYTES = 6, MAX_EXIF_BYTES = 65533 };

// Each scan of a progressive file costs a pass over the picture, however few its bytes. Encoders write about ten.
static const int64_t MAX_PIXELS_SCANNED = 250000000;

_Noreturn static void on_error(j_common_ptr decoder) {
  switch (decoder->err->msg_code) {
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_SOF_UNSUPPORTED:
      fail(UNSUPPORTED);
    default:
      fail(DAMAGED);
  }
}

// Of what is only warned about, these lose parts of the picture.
static void on_message(j_common_ptr decoder, int level) {
  if (level >= 0) return;
  switch (decoder->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
      fail(DAMAGED);
  }
}

static void on_output(j_common_ptr decoder) { (void)decoder; }
static void on_reset(j_common_ptr decoder) { decoder->err->msg_code = 0; }
static void on_source(j_decompress_ptr decoder) { (void)decoder; }

static boolean on_end(j_decompress_ptr decoder) {
  (void)decoder;
  fail(TRUNCATED);
}

static void on_skip(j_decompress_ptr decoder, long bytes) {
  struct jpeg_source_mgr *source = decoder->src;
  if (bytes <= 0) return;
  if ((size_t)bytes > source->bytes_in_buffer) fail(TRUNCATED);
  source->next_input_byte += bytes;
  source->bytes_in_buffer -= (size_t)bytes;
}

static void on_progress(j_common_ptr decoder) {
  j_decompress_ptr picture = (j_decompress_ptr)decoder;
  int64_t pixels = (int64_t)picture->image_width * picture->image_height;
  if (pixels * picture->input_scan_number > MAX_PIXELS_SCANNED) fail(TOO_MANY_SCANS);
}

static int find_orientation(j_decompress_ptr decoder) {
  for (jpeg_saved_marker_ptr marker = decoder->marker_list; marker != NULL; marker = marker->next)
    if (marker->data_length > EXIF_HEADER_BYTES && memcmp(marker->data, "Exif\0\0", EXIF_HEADER_BYTES) == 0)
      return read_orientation(marker->data + EXIF_HEADER_BYTES, marker->data_length - EXIF_HEADER_BYTES);
  return 1;
}

void decode_jpeg_rows(const uint8_t *file, size_t bytes, const struct target *target) {
  struct jpeg_error_mgr errors = {
      .error_exit = on_error, .emit_message = on_message, .output_message = on_output, .reset_error_mgr = on_reset};
  struct jpeg_source_mgr source = {.next_input_byte = file,
                                   .bytes_in_buffer = bytes,
                                   .init_source = on_source,
                                   .fill_input_buffer = on_end,
                                   .skip_input_data = on_skip,
                                   .resync_to_restart = jpeg_resync_to_restart,
                                   .term_source = on_source};
  struct jpeg_progress_mgr progress = {.progress_monitor = on_progress};
  struct jpeg_decompress_struct decoder = {.err = &errors};
  jpeg_create_decompress(&decoder);
  decoder.src = &source;
  decoder.progress = &progress;
  jpeg_save_markers(&decoder, JPEG_APP0 + 1, MAX_EXIF_BYTES);
  jpeg_read_header(&decoder, TRUE);
  start_picture((int32_t)decoder.image_width, (int32_t)decoder.image_height);
  if (decoder.jpeg_color_space == JCS_CMYK || decoder.jpeg_color_space == JCS_YCCK) fail(CMYK);

  decoder.out_color_space = decoder.jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&decoder);
  start_rows(target, find_orientation(&decoder));
  JSAMPROW row = malloc(decoder.output_width * decoder.output_components);
  while (decoder.output_scanline < decoder.output_height) {
    jpeg_read_scanlines(&decoder, &row, 1);
    put_row(row, decoder.output_components);
  }
  jpeg_finish_decompress(&decoder);
}
