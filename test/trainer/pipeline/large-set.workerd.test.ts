import { kernelModule } from '../../../shared/model/kernels/kernels-worker.ts';
import { wasmModule } from '../../../shared/model/wasm-worker.ts';
import { testLargeSet } from './large-set-suite.ts';

testLargeSet('workerd', async () => ({ wasm: wasmModule, kernels: kernelModule }));
