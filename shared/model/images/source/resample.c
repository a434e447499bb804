// Bilinear resampling with antialiasing, exactly that of Pillow (src/libImaging/Resample.c, BILINEAR; the reasoning is
// A. Clark's and Pillow's): a triangle as wide as the reduction, its weights rounded to 22 bits, columns before rows,
// a rounding to bytes after each. Weights take additions, multiplications and divisions of doubles, which are the same
// everywhere; pixels take integers.
#include <stdlib.h>
#include <string.h>

#include "pictures.h"

enum { PRECISION = 22, MAX_PIXELS = 25000000 };

// The weights of one axis: output i is the sum over k < count[i] of input[first[i] + k] * weight[i * stride + k].
struct axis {
  int32_t size, stride;
  int32_t *first, *count, *weight;
};

static struct {
  int32_t width, height;
  struct target target;
  int orientation;
  // Of the resized picture as it is stored, before it is turned, and where it lies in the target.
  struct axis columns, rows;
  int32_t left, top;
  // The next row; the outputs that it may be part of begin here.
  int32_t row, open;
  uint8_t *line, *narrow;
  int32_t *sums;
} picture;

__attribute__((export_name("width"))) int32_t picture_width(void) { return picture.width; }
__attribute__((export_name("height"))) int32_t picture_height(void) { return picture.height; }

void start_picture(int32_t width, int32_t height) {
  picture.width = width;
  picture.height = height;
  if (width <= 0 || height <= 0) fail(DAMAGED);
  if ((int64_t)width * height > MAX_PIXELS) fail(TOO_MANY_PIXELS);
}

static double max(double a, double b) { return a > b ? a : b; }

// Weights for `size` outputs from the stretch [from, to) of `available` inputs. The ends are floats as they are there.
static struct axis weigh(int32_t available, float from, float to, int32_t size) {
  double scale = (double)(to - from) / size;
  double support = max(scale, 1.0);
  struct axis axis = {.size = size, .stride = (int32_t)__builtin_ceil(support) * 2 + 1};
  axis.first = malloc(sizeof(int32_t) * size);
  axis.count = malloc(sizeof(int32_t) * size);
  axis.weight = malloc(sizeof(int32_t) * size * axis.stride);
  double *exact = malloc(sizeof(double) * axis.stride);
  for (int32_t i = 0; i < size; i++) {
    double centre = from + (i + 0.5) * scale;
    int32_t first = (int32_t)(centre - support + 0.5);
    int32_t end = (int32_t)(centre + support + 0.5);
    if (first < 0) first = 0;
    if (end > available) end = available;
    double sum = 0;
    for (int32_t k = 0; k < end - first; k++) {
      double distance = __builtin_fabs((k + first - centre + 0.5) * (1.0 / support));
      exact[k] = distance < 1.0 ? 1.0 - distance : 0.0;
      sum += exact[k];
    }
    for (int32_t k = 0; k < end - first; k++) {
      double share = sum == 0.0 ? exact[k] : exact[k] / sum;
      axis.weight[i * axis.stride + k] = (int32_t)(0.5 + share * (1 << PRECISION));
    }
    axis.first[i] = first;
    axis.count[i] = end - first;
  }
  free(exact);
  return axis;
}

// As ImageOps.fit: the largest part in the middle that has the target's proportions.
static void cover(int32_t width, int32_t height) {
  double wanted = (double)width / height;
  double cut_width = picture.width, cut_height = picture.height;
  if (cut_width / cut_height >= wanted) cut_width = wanted * cut_height;
  else cut_height = cut_width / wanted;
  double left = (picture.width - cut_width) * 0.5, top = (picture.height - cut_height) * 0.5;
  picture.columns = weigh(picture.width, (float)left, (float)(left + cut_width), width);
  picture.rows = weigh(picture.height, (float)top, (float)(top + cut_height), height);
}

// As ImageOps.pad: the whole picture in the middle, black around it.
static void contain(int32_t width, int32_t height) {
  double proportion = (double)picture.width / picture.height, wanted = (double)width / height;
  int32_t inner_width = width, inner_height = height;
  if (proportion > wanted)
    inner_height = (int32_t)max(1, __builtin_nearbyint((double)picture.height / picture.width * width));
  else if (proportion < wanted)
    inner_width = (int32_t)max(1, __builtin_nearbyint((double)picture.width / picture.height * height));
  picture.left = (int32_t)__builtin_nearbyint((width - inner_width) * 0.5);
  picture.top = (int32_t)__builtin_nearbyint((height - inner_height) * 0.5);
  picture.columns = weigh(picture.width, 0, (float)picture.width, inner_width);
  picture.rows = weigh(picture.height, 0, (float)picture.height, inner_height);
}

// From orientation 5 on the picture lies on its side.
static int is_sideways(void) { return picture.orientation >= 5; }

void start_rows(const struct target *target, int orientation) {
  picture.target = *target;
  picture.orientation = orientation;
  picture.left = picture.top = picture.row = picture.open = 0;
  int32_t width = is_sideways() ? target->height : target->width;
  int32_t height = is_sideways() ? target->width : target->height;
  switch (target->resize) {
    case STRETCH:
      picture.columns = weigh(picture.width, 0, (float)picture.width, width);
      picture.rows = weigh(picture.height, 0, (float)picture.height, height);
      break;
    case COVER:
      cover(width, height);
      break;
    case CONTAIN:
      contain(width, height);
      break;
  }
  int32_t narrow = picture.columns.size * target->channels;
  int32_t sums = narrow * picture.rows.size;
  picture.line = malloc(picture.width * target->channels);
  picture.narrow = malloc(narrow);
  picture.sums = malloc(sizeof(int32_t) * sums);
  for (int32_t i = 0; i < sums; i++) picture.sums[i] = 1 << (PRECISION - 1);
}

// ITU-R 601 in 16 bits, as Pillow's convert("L").
static uint8_t to_grey(uint32_t red, uint32_t green, uint32_t blue) {
  return (uint8_t)((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
}

// Over white, rounded to the nearest.
static uint32_t over_white(uint32_t value, uint32_t alpha) {
  return (value * alpha + 255 * (255 - alpha) + 127) / 255;
}

// The row in the channels of the target.
static const uint8_t *convert(const uint8_t *row, int samples) {
  int channels = picture.target.channels;
  if (samples == channels) return row;
  uint8_t *out = picture.line;
  for (int32_t x = 0; x < picture.width; x++, row += samples, out += channels) {
    uint32_t alpha = samples == 2 ? row[1] : samples == 4 ? row[3] : 255;
    uint32_t red = row[0], green = samples < 3 ? red : row[1], blue = samples < 3 ? red : row[2];
    if (alpha != 255) {
      red = over_white(red, alpha);
      green = over_white(green, alpha);
      blue = over_white(blue, alpha);
    }
    if (channels == 1) out[0] = samples < 3 ? (uint8_t)red : to_grey(red, green, blue);
    else out[0] = (uint8_t)red, out[1] = (uint8_t)green, out[2] = (uint8_t)blue;
  }
  return picture.line;
}

static uint8_t to_byte(int32_t sum) {
  int32_t value = sum >> PRECISION;
  return value < 0 ? 0 : value > 255 ? 255 : (uint8_t)value;
}

static void narrow_grey(const uint8_t *line) {
  const struct axis *axis = &picture.columns;
  for (int32_t x = 0; x < axis->size; x++) {
    const int32_t *weight = axis->weight + x * axis->stride;
    const uint8_t *in = line + axis->first[x];
    int32_t sum = 1 << (PRECISION - 1);
    for (int32_t k = 0; k < axis->count[x]; k++) sum += in[k] * weight[k];
    picture.narrow[x] = to_byte(sum);
  }
}

static void narrow_rgb(const uint8_t *line) {
  const struct axis *axis = &picture.columns;
  for (int32_t x = 0; x < axis->size; x++) {
    const int32_t *weight = axis->weight + x * axis->stride;
    const uint8_t *in = line + axis->first[x] * 3;
    int32_t red = 1 << (PRECISION - 1), green = red, blue = red;
    for (int32_t k = 0; k < axis->count[x]; k++, in += 3) {
      red += in[0] * weight[k];
      green += in[1] * weight[k];
      blue += in[2] * weight[k];
    }
    picture.narrow[x * 3] = to_byte(red);
    picture.narrow[x * 3 + 1] = to_byte(green);
    picture.narrow[x * 3 + 2] = to_byte(blue);
  }
}

void put_row(const uint8_t *row, int samples) {
  const struct axis *axis = &picture.rows;
  int32_t y = picture.row++;
  while (picture.open < axis->size && axis->first[picture.open] + axis->count[picture.open] <= y) picture.open++;
  if (picture.open == axis->size || axis->first[picture.open] > y) return;
  const uint8_t *line = convert(row, samples);
  if (picture.target.channels == 1) narrow_grey(line);
  else narrow_rgb(line);
  int32_t length = picture.columns.size * picture.target.channels;
  for (int32_t i = picture.open; i < axis->size && axis->first[i] <= y; i++) {
    int32_t weight = axis->weight[i * axis->stride + y - axis->first[i]];
    int32_t *sums = picture.sums + i * length;
    for (int32_t k = 0; k < length; k++) sums[k] += picture.narrow[k] * weight;
  }
}

// Where the pixel (x, y) of the resized picture as it is stored belongs in the target (Exif 2.32, table 6).
static int32_t place(int32_t x, int32_t y) {
  int32_t width = picture.target.width, height = picture.target.height;
  int32_t last_x = width - 1, last_y = height - 1;
  switch (picture.orientation) {
    case 2: return y * width + (last_x - x);
    case 3: return (last_y - y) * width + (last_x - x);
    case 4: return (last_y - y) * width + x;
    case 5: return x * width + y;
    case 6: return x * width + (last_x - y);
    case 7: return (last_y - x) * width + (last_x - y);
    case 8: return (last_y - x) * width + y;
    default: return y * width + x;
  }
}

uint8_t *finish_rows(void) {
  if (picture.row != picture.height) fail(TRUNCATED);
  int32_t channels = picture.target.channels;
  uint8_t *out = calloc((size_t)picture.target.width * picture.target.height, channels);
  const int32_t *sum = picture.sums;
  for (int32_t y = 0; y < picture.rows.size; y++)
    for (int32_t x = 0; x < picture.columns.size; x++) {
      uint8_t *pixel = out + place(x + picture.left, y + picture.top) * channels;
      for (int32_t channel = 0; channel < channels; channel++) pixel[channel] = to_byte(*sum++);
    }
  return out;
}
