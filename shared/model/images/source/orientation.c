#include "pictures.h"

enum { HEADER_BYTES = 8, ENTRY_BYTES = 12, ORIENTATION = 0x0112, SHORT = 3 };

static uint32_t read_16(const uint8_t *at, int little) {
  return little ? at[0] | at[1] << 8 : at[0] << 8 | at[1];
}

static uint32_t read_32(const uint8_t *at, int little) {
  return little ? read_16(at, 1) | read_16(at + 2, 1) << 16 : read_16(at, 0) << 16 | read_16(at + 2, 0);
}

int read_orientation(const uint8_t *tiff, size_t bytes) {
  if (bytes < HEADER_BYTES || tiff[0] != tiff[1] || (tiff[0] != 'I' && tiff[0] != 'M')) return 1;
  int little = tiff[0] == 'I';
  size_t directory = read_32(tiff + 4, little);
  if (read_16(tiff + 2, little) != 42 || directory > bytes - 2) return 1;
  size_t entries = read_16(tiff + directory, little);
  const uint8_t *entry = tiff + directory + 2;
  for (; entries > 0 && entry + ENTRY_BYTES <= tiff + bytes; entries--, entry += ENTRY_BYTES) {
    if (read_16(entry, little) != ORIENTATION || read_16(entry + 2, little) != SHORT) continue;
    uint32_t value = read_16(entry + 8, little);
    return value >= 1 && value <= 8 ? (int)value : 1;
  }
  return 1;
}
