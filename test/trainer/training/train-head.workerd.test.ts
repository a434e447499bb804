import { describe } from 'vitest';
import { kernelModule } from '../../../trainer/kernels/kernels-worker.ts';
import { testTrainHead } from './train-head-suite.ts';

describe('training a head in workerd', () => {
  testTrainHead(kernelModule);
});
