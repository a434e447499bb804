/** An isolate that has only what it takes to predict with ONNX Runtime. */
import { answerFirstPrediction } from './first-prediction.ts';
import { loadOnnx } from './onnx-side.ts';

export default { fetch: (request: Request) => answerFirstPrediction(request, loadOnnx) };
