/** The executor beside TensorFlow.js. */
import { loadExecutor } from './executor-side.ts';
import { loadLayers } from './layers-side.ts';
import { answerMeasurement } from './measure.ts';

export default {
  fetch: (request: Request) => answerMeasurement(request, { layers: loadLayers, ours: loadExecutor }),
};
