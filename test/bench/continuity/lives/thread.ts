/**
 * A thread that lives one life after the other.
 */
import { serveTasks } from '../../../../trainer/node/serve-tasks.ts';
import { type Job, runJob } from './jobs.ts';

serveTasks((job: Job) => runJob(job));
