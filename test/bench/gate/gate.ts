/**
 * The gate, measured: error rates, power, a year of reuse, speed.
 *
 *   npm run bench:gate                      everything, 2,000 nights a cell: about 20 minutes on one core
 *   npm run bench:gate -- --nights 200      a first look
 *   npm run bench:gate -- --only speed      one part: errors, power, reuse or speed
 *   npm run bench:gate -- --json FILE       the rows as JSON
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { benchErrorRates } from './error-rates.ts';
import { benchForgetting, benchPower, benchScoredPower } from './power.ts';
import { benchReuse } from './reuse.ts';
import { benchSpeed } from './speed.ts';
import type { Row } from './table.ts';

const { values } = parseArgs({
  options: {
    nights: { type: 'string', default: '2000' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});
const nights = Number(values.nights);
/** A year costs as much as 365 nights. */
const years = Math.max(1, Math.round(nights / 100));

const PARTS: Readonly<Record<string, () => Row[]>> = {
  speed: benchSpeed,
  power: () => [...benchPower(nights), ...benchForgetting(nights), ...benchScoredPower(nights)],
  reuse: () => benchReuse(years),
  errors: () => benchErrorRates(nights),
};

const rows = Object.entries(PARTS).flatMap(([name, run]) =>
  values.only === undefined || values.only === name ? run() : [],
);
const missed = rows.filter(({ met }) => met === false);
console.log(`\n${rows.filter(({ met }) => met === true).length} targets met, ${missed.length} missed`);
for (const row of missed)
  console.log(`  missed: ${row.case}: ${row.ours.toFixed(2)} ${row.unit}, target ${row.target}`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
process.exitCode = missed.length > 0 ? 1 : 0;
