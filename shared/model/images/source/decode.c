// What the host calls: `reset`, `allocate` a place for the file, then one of these.
#include "pictures.h"

typedef void decode(const uint8_t *file, size_t bytes, const struct target *target);

static uint8_t *run(decode *rows, const uint8_t *file, size_t bytes, const struct target target) {
  rows(file, bytes, &target);
  return finish_rows();
}

#define EXPORT(name) __attribute__((export_name(#name))) uint8_t *name
#define PARAMETERS \
  (const uint8_t *file, size_t bytes, int32_t height, int32_t width, int32_t channels, int32_t resize)
#define TARGET ((struct target){height, width, channels, (enum resize)resize})

EXPORT(decode_jpeg) PARAMETERS { return run(decode_jpeg_rows, file, bytes, TARGET); }
EXPORT(decode_png) PARAMETERS { return run(decode_png_rows, file, bytes, TARGET); }
EXPORT(decode_webp) PARAMETERS { return run(decode_webp_rows, file, bytes, TARGET); }
