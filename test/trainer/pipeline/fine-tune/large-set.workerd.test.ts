import { kernelModule } from '../../../../trainer/kernels/kernels-worker.ts';
import { wasmModule } from '../../../../shared/model/run/wasm-worker.ts';
import { testLargeSet } from './large-set-suite.ts';

testLargeSet('workerd', async () => ({ wasm: wasmModule, kernels: kernelModule }));
