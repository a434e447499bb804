/** An isolate that has only what it takes to predict with `LayersModel.predict`. */
import { answerFirstPrediction } from './first-prediction.ts';
import { loadLayers } from './layers-side.ts';

export default { fetch: (request: Request) => answerFirstPrediction(request, loadLayers) };
