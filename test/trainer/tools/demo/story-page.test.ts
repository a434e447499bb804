import { expect, test } from 'vitest';
import type { RunRecord } from '../../../../shared/registry/jobs/runs.ts';
import { emptyStory } from '../../../../trainer/tools/demo/story.ts';
import { renderStoryPage } from '../../../../trainer/tools/demo/story-page.ts';

/** Space between tags shows nothing. */
function withoutGaps(page: string): string {
  return page.replaceAll(/>\s+</g, '><');
}

test('shows days, claims and a failure, with everything escaped', () => {
  const story = emptyStory();
  story.days.push({ label: 'day <1>', version: 1, digits: 10, accuracy: 0.9 });
  story.confirmed.push({ chapter: 'A & B', claim: 'x < y' });
  const page = withoutGaps(renderStoryPage(story, [], 'expected <more>'));
  expect(page).toContain('day &lt;1&gt;: 90.0 % by version 1');
  expect(page).toContain('<td>A &amp; B</td><td>✓ x &lt; y</td>');
  expect(page).toContain('<p class="bad">expected &lt;more&gt;</p>');
  expect(page).not.toContain('NaN');
});

const SKIPPED: RunRecord = {
  format: 'holdfast-run/1',
  id: '20261102-030000',
  model: 'digits',
  trigger: 'cron',
  by: 'cron',
  status: 'skipped',
  startedAt: '2026-11-02T03:00:00.000Z',
  finishedAt: '2026-11-02T03:00:05.000Z',
  cutoffMs: 0,
  step: null,
  steps: [],
  specDigest: '',
  mayPromote: true,
  wantedSnapshot: null,
  snapshot: null,
  championAtStart: 2,
  candidate: null,
  verdict: null,
  promoted: false,
  why: null,
  summary: null,
  error: null,
};

test('a night that trained nothing says why, and has no report', () => {
  const story = emptyStory();
  const summary = 'Nothing new that may be learned from: 6 classes seem to have changed places';
  story.nights.push({ run: { ...SKIPPED, summary }, judged: null });
  const page = withoutGaps(renderStoryPage(story, ['night-1.html'], null));
  expect(page).toContain(`<td class="skipped">skipped</td><td>${summary}</td><td>nothing to judge</td>`);
  expect(page).not.toContain('night-1.html');
});
