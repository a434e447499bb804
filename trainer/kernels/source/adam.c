/*
 * Adam in one pass over a variable of any length, and the pull towards where it started.
 */
#include "adam.h"

EXPORT(adam_update)
void adam_update(float *weights, float *m, float *v, const float *gradient, int count,
                 const adam_settings *settings) {
  const adam a = adam_from(settings);
  const int whole = count / LANES * LANES, rest = count - whole;
  for (int i = 0; i < whole; i += LANES) adam_step(&a, load(gradient + i), weights + i, m + i, v + i);
  if (rest == 0) return;
  /* What lies behind the end is somebody else's. */
  float last[4][LANES] = {0};
  float *const parts[3] = {weights + whole, m + whole, v + whole};
  for (int part = 0; part < 3; part++)
    for (int i = 0; i < rest; i++) last[part][i] = parts[part][i];
  for (int i = 0; i < rest; i++) last[3][i] = gradient[whole + i];
  adam_step(&a, load(last[3]), last[0], last[1], last[2]);
  for (int part = 0; part < 3; part++)
    for (int i = 0; i < rest; i++) parts[part][i] = last[part][i];
}

/* weights += share * (anchors - weights): the pull of a quadratic penalty around the anchors, apart from Adam. */
EXPORT(pull_towards)
void pull_towards(float *weights, const float *anchors, float share, int count) {
  int i = 0;
  for (; i + LANES <= count; i += LANES) {
    const vec w = load(weights + i);
    store(weights + i, multiply_add(sub(load(anchors + i), w), splat(share), w));
  }
  for (; i < count; i++) weights[i] += (anchors[i] - weights[i]) * share;
}
