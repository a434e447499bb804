/** The executor beside TensorFlow.js and ONNX Runtime. */
import { loadExecutor } from './executor-side.ts';
import { loadLayers } from './layers-side.ts';
import { answerMeasurement } from './measure.ts';
import { loadOnnx } from './onnx-side.ts';

export default {
  fetch: (request: Request) =>
    answerMeasurement(request, { layers: loadLayers, onnx: loadOnnx, ours: loadExecutor }),
};
