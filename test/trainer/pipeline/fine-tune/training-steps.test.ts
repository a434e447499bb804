import { vi } from 'vitest';
import { loadKernelModule } from '../../../../trainer/kernels/kernels-node.ts';
import { loadWasmModule } from '../../../../shared/model/run/wasm-node.ts';
import { describeTrainingInPacks } from './training-suite.ts';

vi.mock('../../../../trainer/pipeline/fine-tune/pack-numbers.ts', () => ({ PACK_NUMBERS: 600 }));

describeTrainingInPacks('Node', async () => ({
  wasm: await loadWasmModule(),
  kernels: await loadKernelModule(),
}));
