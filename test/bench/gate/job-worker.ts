/**
 * A thread that runs one piece of the simulations after the other.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type Job, runJob } from './jobs.ts';

const { nights } = workerData as { readonly nights: number };

parentPort?.on('message', async (job: Job) => parentPort?.postMessage(await runJob(job, nights)));
