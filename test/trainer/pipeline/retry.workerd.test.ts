import { kernelModule } from '../../../shared/model/kernels/kernels-worker.ts';
import { wasmModule } from '../../../shared/model/wasm-worker.ts';
import { describeRetrying } from './retry-suite.ts';

describeRetrying('workerd', async () => ({ wasm: wasmModule, kernels: kernelModule }));
