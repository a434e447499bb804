/**
 * A thread that lives one life after the other.
 */
import { answerAsked } from '../../../../trainer/node/thread.ts';
import { type Job, runJob } from './jobs.ts';

answerAsked((job: Job) => runJob(job));
