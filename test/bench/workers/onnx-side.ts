/**
 * ONNX Runtime's side: the same graph in its format, on its WASM binary with one thread (there are no others here).
 */
import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import onnxModule from 'onnxruntime-web/module';
import { encodedShape } from '../../../shared/model/spec/input.ts';
import type { BenchModel } from '../bench-model.ts';
import { ONNX_INPUT, ONNX_OUTPUT, toChannelsFirst } from '../onnx/from-plan.ts';
import type { Inputs, Side } from './side.ts';

export async function loadOnnx({ spec, onnx }: BenchModel): Promise<Side> {
  handOverModule();
  const session = await InferenceSession.create(onnx, { executionProviders: ['wasm'] });
  const shape = encodedShape(spec.input);
  const feeds = new WeakMap<Inputs, Record<string, Tensor>>();
  const feedOf = (inputs: Inputs) => {
    // Made once for all calls, in its favour: the other sides copy their input in each.
    const feed = feeds.get(inputs) ?? { [ONNX_INPUT]: toTensor(inputs, shape) };
    feeds.set(inputs, feed);
    return feed;
  };
  return {
    predict: async (inputs) => (await session.run(feedOf(inputs)))[ONNX_OUTPUT]?.data ?? new Float32Array(),
  };
}

function toTensor({ flat, batch }: Inputs, shape: number[]): Tensor {
  const [height, width, channels] = shape;
  const isImage = height !== undefined && width !== undefined && channels !== undefined;
  const dims = isImage ? [channels, height, width] : shape;
  return new Tensor('float32', toChannelsFirst(flat, batch, shape), [batch, ...dims]);
}

/** It wants to compile bytes, which a Worker may not; whatever it asks for, it gets the module that is there. */
function handOverModule(): void {
  env.wasm.numThreads = 1;
  env.wasm.proxy = false;
  env.wasm.wasmBinary = new ArrayBuffer(8);
  const instantiate = (_bytes: ArrayBuffer, imports?: WebAssembly.Imports) =>
    Promise.resolve({ module: onnxModule, instance: new WebAssembly.Instance(onnxModule, imports) });
  Object.assign(WebAssembly, { instantiate });
}
