/**
 * ONNX Runtime outside of any sandbox, on one thread: what the machine could do.
 */
import { encodedShape } from '../../../shared/model/spec/input.ts';
import type { BenchModel } from '../bench-model.ts';
import { ONNX_INPUT, toChannelsFirst } from '../onnx/from-plan.ts';
import type { OnnxRuntimeNode } from '../peers.ts';
import type { Effort } from '../workers/measure.ts';
import { createInputs } from '../workers/side.ts';

/** Rounds beyond these tell nothing about a figure that is context only. */
const ROUNDS = 5;

/** @returns milliseconds a call, by round */
export async function timeNative(
  { InferenceSession, Tensor }: OnnxRuntimeNode,
  { spec, onnx }: BenchModel,
  { batch, warmUpMs, roundMs }: Effort,
): Promise<number[]> {
  const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const shape = encodedShape(spec.input);
  const dims = shape.length === 3 ? [shape[2] ?? 1, ...shape.slice(0, 2)] : shape;
  const data = toChannelsFirst(createInputs(spec, batch).flat, batch, shape);
  const feeds = { [ONNX_INPUT]: new Tensor('float32', data, [batch, ...dims]) };

  const callFor = async (ms: number) => {
    const start = performance.now();
    let calls = 0;
    for (; calls === 0 || performance.now() - start < ms; calls++) await session.run(feeds);
    return (performance.now() - start) / calls;
  };
  await callFor(warmUpMs / 2);
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await callFor(roundMs));
  return rounds;
}
