/** An isolate that has only what it takes to predict with the executor. */
import { answerFirstPrediction } from './first-prediction.ts';
import { loadExecutor } from './executor-side.ts';

export default { fetch: (request: Request) => answerFirstPrediction(request, loadExecutor) };
