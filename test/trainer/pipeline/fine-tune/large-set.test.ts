import { loadKernelModule } from '../../../../trainer/kernels/kernels-node.ts';
import { loadWasmModule } from '../../../../shared/model/run/wasm-node.ts';
import { testLargeSet } from './large-set-suite.ts';

testLargeSet('Node', async () => ({ wasm: await loadWasmModule(), kernels: await loadKernelModule() }));
