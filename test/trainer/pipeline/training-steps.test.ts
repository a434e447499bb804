import { vi } from 'vitest';
import { loadKernelModule } from '../../../shared/model/kernels/kernels-node.ts';
import { loadWasmModule } from '../../../shared/model/wasm-node.ts';
import { describeTrainingInPacks } from './training-suite.ts';

vi.mock('../../../trainer/pipeline/pack-numbers.ts', () => ({ PACK_NUMBERS: 600 }));

describeTrainingInPacks('Node', async () => ({
  wasm: await loadWasmModule(),
  kernels: await loadKernelModule(),
}));
