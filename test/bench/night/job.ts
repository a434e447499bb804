/**
 * The night as a Node job, in a process of its own, whose memory is what is asked:
 *
 *   node job.ts ENDPOINT MODEL
 *
 * Its last line on stdout is a JobReport.
 */
import { runJob } from '../../../trainer/node/job.ts';
import { type NightReport, reportNight } from './report.ts';
import { openNightStore } from './store.ts';

export interface JobReport extends NightReport {
  readonly maxRssBytes: number;
}

const [endpoint = '', model = ''] = process.argv.slice(2);
const store = openNightStore(endpoint);
const ended = await runJob({ store, model, by: 'bench', promote: true });
if (!ended.ok) throw new Error(ended.error.detail);
const report: JobReport = {
  ...(await reportNight(store, ended.value)),
  // In kilobytes, as getrusage has it.
  maxRssBytes: process.resourceUsage().maxRSS * 1_024,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
