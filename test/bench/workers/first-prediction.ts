/**
 * An isolate's first request: load the model that it brings, and predict.
 */
import { type BenchModel, fromForm } from '../bench-model.ts';
import { createInputs, type Side } from './side.ts';

export async function answerFirstPrediction(
  request: Request,
  load: (model: BenchModel) => Side | Promise<Side>,
): Promise<Response> {
  const model = await fromForm(await request.formData());
  const side = await load(model);
  return new Response(new Uint8Array((await side.predict(createInputs(model.spec, 1))).slice().buffer));
}
