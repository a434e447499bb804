import { kernelModule } from '../../../trainer/kernels/kernels-worker.ts';
import { wasmModule } from '../../../shared/model/run/wasm-worker.ts';
import { describeRetrying } from './retry-suite.ts';

describeRetrying('workerd', async () => ({ wasm: wasmModule, kernels: kernelModule }));
