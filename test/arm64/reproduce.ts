/**
 * `train <file>`: trains versions. `again <file>`: trains them again, features and copies included; ends with 1 when one
 * of them has another digest.
 */
import { reproduceHere } from '../../trainer/node/reproduce-job.ts';
import { CASES } from '../trainer/reproduce/cases.ts';
import { readVersions, trainVersions } from './versions.ts';

const [what, file = ''] = process.argv.slice(2);
if (what === 'train') await trainVersions(file);
else process.exitCode = (await trainAgain(file)) ? 0 : 1;

async function trainAgain(from: string): Promise<boolean> {
  const store = await readVersions(from);
  let same = true;
  for (const { name, model, version } of CASES) {
    const ended = await reproduceHere({ store, model, version, recompute: true, by: 'test:arm64' });
    if (!ended.ok) throw new Error(ended.error.detail);
    const { outcome, error, place, startedAt, finishedAt } = ended.value;
    const seconds = (Date.parse(finishedAt ?? startedAt) - Date.parse(startedAt)) / 1_000;
    const digest = outcome?.files.find((one) => one.file === 'edge.bin')?.reproduced.slice(0, 16) ?? 'none';
    const found = outcome?.same ? `same ${digest}` : `DIFFERENT: ${outcome?.difference?.detail ?? error}`;
    console.log(`again by ${place} in ${seconds.toFixed(0)} s: ${name}: ${found}`);
    same &&= outcome?.same === true;
  }
  return same;
}
