/*
 * The gradient of resizing images, nearest or bilinear.
 */
#include "rows.h"

/* What an output row or column was mixed from: inputs `low` and `high`, of which `high` counts `share`. */
typedef struct {
  int low, high;
  float share;
} mix;

/*
 * dx [batch, in height, in width, channels], dy [batch, out height, out width, channels]
 * rows: a mix for each output row; columns: for each output column.
 */
EXPORT(resize_gradient)
void resize_gradient(const float *dy, const mix *rows, const mix *columns, float *dx, int batch, int in_height,
                     int in_width, int out_height, int out_width, int channels) {
  clear(dx, batch * in_height * in_width * channels);
  for (int image = 0; image < batch; image++, dx += in_height * in_width * channels)
    for (int oy = 0; oy < out_height; oy++) {
      float *const low = dx + rows[oy].low * in_width * channels;
      float *const high = dx + rows[oy].high * in_width * channels;
      const float down = rows[oy].share, up = 1 - down;
      for (int ox = 0; ox < out_width; ox++, dy += channels) {
        const int left = columns[ox].low * channels, right = columns[ox].high * channels;
        const float share = columns[ox].share;
        add_scaled(low + left, dy, up * (1 - share), channels);
        add_scaled(low + right, dy, up * share, channels);
        add_scaled(high + left, dy, down * (1 - share), channels);
        add_scaled(high + right, dy, down * share, channels);
      }
    }
}
