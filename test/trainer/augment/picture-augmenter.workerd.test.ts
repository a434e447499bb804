import { describe } from 'vitest';
import { kernelModule } from '../../../trainer/kernels/kernels-worker.ts';
import { testPictureAugmenter } from './picture-augmenter-suite.ts';

describe('a picture in workerd', () => {
  testPictureAugmenter(kernelModule);
});
