import { vi } from 'vitest';
import { kernelModule } from '../../../shared/model/kernels/kernels-worker.ts';
import { wasmModule } from '../../../shared/model/wasm-worker.ts';
import { describeTrainingInPacks } from './training-suite.ts';

vi.mock('../../../trainer/pipeline/pack-numbers.ts', () => ({ PACK_NUMBERS: 600 }));

describeTrainingInPacks('workerd', async () => ({ wasm: wasmModule, kernels: kernelModule }));
