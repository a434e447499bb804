/*
 * Gradients of a depthwise convolution: every input channel has filters of its own, `multiplier` many.
 *
 * filter and its gradient: [filter height, filter width, in channels, multiplier]; out channel = in channel x
 * multiplier + m. With a multiplier of 1 channels go four at a time.
 */
#include "geometry.h"

/* One tap at one position: dw += x dy over all channels. */
INLINE void add_tap_filter(const float *x, const float *dy, float *dw, int channels, int multiplier) {
  if (multiplier == 1) {
    int c = 0;
    for (; c + LANES <= channels; c += LANES) store(dw + c, multiply_add(load(x + c), load(dy + c), load(dw + c)));
    for (; c < channels; c++) dw[c] += x[c] * dy[c];
    return;
  }
  for (int c = 0; c < channels; c++, dy += multiplier, dw += multiplier)
    for (int m = 0; m < multiplier; m++) dw[m] += x[c] * dy[m];
}

/* One tap at one position: dx += dy w over all channels. */
INLINE void add_tap_input(const float *dy, const float *w, float *dx, int channels, int multiplier) {
  if (multiplier == 1) {
    int c = 0;
    for (; c + LANES <= channels; c += LANES) store(dx + c, multiply_add(load(dy + c), load(w + c), load(dx + c)));
    for (; c < channels; c++) dx[c] += dy[c] * w[c];
    return;
  }
  for (int c = 0; c < channels; c++, dy += multiplier, w += multiplier)
    for (int m = 0; m < multiplier; m++) dx[c] += dy[m] * w[m];
}

/*
 * Calls `body` for each tap inside the image, with its offset in the image (in) and in the filter (tap), and the
 * position's in dy (out).
 */
#define FOR_EACH_TAP(g, body)                                                                                    \
  for (int oy = 0; oy < (g)->out_height; oy++)                                                                   \
    for (int ox = 0; ox < (g)->out_width; ox++)                                                                  \
      for (int fy = 0; fy < (g)->filter_height; fy++)                                                            \
        for (int fx = 0; fx < (g)->filter_width; fx++) {                                                         \
          const int y = input_y(g, oy, fy), x = input_x(g, ox, fx);                                              \
          if (!inside(y, (g)->in_height) || !inside(x, (g)->in_width)) continue;                                 \
          const int in = (y * (g)->in_width + x) * (g)->in_channels;                                             \
          const int tap = (fy * (g)->filter_width + fx) * (g)->out_channels;                                     \
          const int out = (oy * (g)->out_width + ox) * (g)->out_channels;                                        \
          body;                                                                                                  \
        }

EXPORT(depthwise_filter_gradient)
void depthwise_filter_gradient(const geometry *g, const float *images, const float *dy, float *dw) {
  const int channels = g->in_channels, multiplier = g->out_channels / channels;
  clear(dw, g->filter_height * g->filter_width * g->out_channels);
  for (int image = 0; image < g->batch; image++, images += in_size(g), dy += out_size(g))
    FOR_EACH_TAP(g, add_tap_filter(images + in, dy + out, dw + tap, channels, multiplier))
}

EXPORT(depthwise_input_gradient)
void depthwise_input_gradient(const geometry *g, const float *dy, const float *filter, float *dx) {
  const int channels = g->in_channels, multiplier = g->out_channels / channels;
  clear(dx, g->batch * in_size(g));
  for (int image = 0; image < g->batch; image++, dx += in_size(g), dy += out_size(g))
    FOR_EACH_TAP(g, add_tap_input(dy + out, filter + tap, dx + in, channels, multiplier))
}
