/**
 * docs/models.md says what runs at the edge: the lists in it are the code's tables. `vitest -u` does not write them;
 * paste what the failure expects.
 */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { ACTIVATIONS } from '../../../trainer/compile/activations.ts';
import { SUPPORTED_OPS } from '../../../trainer/compile/lower-graph.ts';
import { SUPPORTED_LAYERS } from '../../../trainer/compile/layers.ts';

test.each([
  ['layers', ['InputLayer', ...SUPPORTED_LAYERS]],
  ['activations', Object.keys(ACTIVATIONS)],
  ['ops', SUPPORTED_OPS],
])('docs/models.md lists the %s that the code has', async (mark, names) => {
  const text = await readFile('docs/models.md', 'utf8');
  const between = new RegExp(`<!-- ${mark} -->([^]*)<!-- /${mark} -->`).exec(text)?.[1]?.trim();
  expect(between).toBe(names.map((name) => `\`${name}\``).join(', '));
});
