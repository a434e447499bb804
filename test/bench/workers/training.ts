/**
 * Trains the head inside workerd: `GET /?steps=20` takes so many steps and answers the milliseconds of one.
 */
import { kernelModule } from '../../../trainer/kernels/kernels-worker.ts';
import { createStackStep } from '../training/head-training.ts';

let step: (() => number) | undefined;

export default {
  fetch({ url }: Request): Response {
    step ??= createStackStep(kernelModule);
    const steps = Number(new URL(url).searchParams.get('steps'));
    const start = performance.now();
    for (let i = 0; i < steps; i++) step();
    return Response.json((performance.now() - start) / steps);
  },
};
