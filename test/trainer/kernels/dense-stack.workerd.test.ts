import { describe } from 'vitest';
import { kernelModule } from '../../../trainer/kernels/kernels-worker.ts';
import { testDenseStack } from './dense-stack-suite.ts';

describe('a dense stack in workerd', () => {
  testDenseStack(kernelModule);
});
