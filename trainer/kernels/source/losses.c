/*
 * Losses and their gradients. Every row has a weight; a gradient is that of the sum divided by the number of rows, and
 * either replaces or adds to what is there, so that losses can be summed.
 */
#include "functions.h"

/* A gradient this small moves nothing, and further on its products would be subnormal numbers (adam.h). */
INLINE float without_trace(float gradient) { return __builtin_fabsf(gradient) < 1e-15f ? 0 : gradient; }

INLINE float largest(const float *values, int count) {
  float best = values[0];
  for (int i = 1; i < count; i++)
    if (values[i] > best) best = values[i];
  return best;
}

/* exp((value - peak) * sharpness) into `out`. @returns their sum */
INLINE double exponentials(const float *values, float peak, float sharpness, float *out, int count) {
  double sum = 0;
  int i = 0;
  for (; i + LANES <= count; i += LANES)
    store(out + i, vec_exp(mul(sub(load(values + i), splat(peak)), splat(sharpness))));
  for (; i < count; i++)
    out[i] = wasm_f32x4_extract_lane(vec_exp(splat((values[i] - peak) * sharpness)), 0);
  for (i = 0; i < count; i++) sum += out[i];
  return sum;
}

/*
 * Cross-entropy between target distributions and the softmax of logits / temperature, in nats times temperature
 * squared (Hinton et al. 2015: gradients then keep their size).
 *
 * logits, targets, gradient, scratch [rows, classes]; weights [rows]. Returns the weighted sum of the rows' losses.
 */
EXPORT(cross_entropy)
double cross_entropy(const float *logits, const float *targets, const float *weights, float *gradient,
                     float *scratch, int rows, int classes, float temperature, int accumulate) {
  const float sharpness = 1 / temperature;
  double loss = 0;
  if (!accumulate) clear(gradient, rows * classes);
  for (int row = 0; row < rows; row++, logits += classes, targets += classes, gradient += classes) {
    const float peak = largest(logits, classes);
    const double sum = exponentials(logits, peak, sharpness, scratch, classes);
    double mass = 0, distance = 0;
    for (int i = 0; i < classes; i++) {
      mass += targets[i];
      distance += (double)targets[i] * (peak - logits[i]);
    }
    const float scale = weights[row] * temperature / (float)rows, share = (float)(mass / sum);
    for (int i = 0; i < classes; i++) gradient[i] += without_trace(scale * (scratch[i] * share - targets[i]));
    loss += (double)(weights[row] * temperature * temperature) * (natural_log(sum) * mass + distance * sharpness);
  }
  return loss;
}

/*
 * Squared error, averaged over the columns.
 *
 * outputs, targets, gradient [rows, columns]; weights [rows]. Returns the weighted sum of the rows' losses.
 */
EXPORT(squared_error)
double squared_error(const float *outputs, const float *targets, const float *weights, float *gradient, int rows,
                     int columns, int accumulate) {
  double loss = 0;
  if (!accumulate) clear(gradient, rows * columns);
  for (int row = 0; row < rows; row++, outputs += columns, targets += columns, gradient += columns) {
    const float scale = 2 * weights[row] / (float)(rows * columns);
    double sum = 0;
    for (int i = 0; i < columns; i++) {
      const float error = outputs[i] - targets[i];
      gradient[i] += scale * error;
      sum += (double)error * error;
    }
    loss += weights[row] * sum / columns;
  }
  return loss;
}

/* Probabilities at another temperature: out = p^(1 / temperature), summing to 1. Both [rows, classes]. */
EXPORT(temper)
void temper(const float *probabilities, float *out, int rows, int classes, float temperature) {
  const float sharpness = 1 / temperature;
  for (int row = 0; row < rows; row++, probabilities += classes, out += classes) {
    /* A probability of 0 is taken for the smallest that the logarithm knows. */
    for (int i = 0; i < classes; i++) {
      const float p = probabilities[i];
      out[i] = (float)natural_log(p > 1e-30f ? p : 1e-30f);
    }
    const double sum = exponentials(out, largest(out, classes), sharpness, out, classes);
    for (int i = 0; i < classes; i++) out[i] = (float)(out[i] / sum);
  }
}
