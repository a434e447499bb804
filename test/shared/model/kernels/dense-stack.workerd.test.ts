import { describe } from 'vitest';
import { kernelModule } from '../../../../shared/model/kernels/kernels-worker.ts';
import { testDenseStack } from './dense-stack-suite.ts';

describe('a dense stack in workerd', () => {
  testDenseStack(kernelModule);
});
