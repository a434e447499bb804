import { describe, expect, test } from 'vitest';
import { renderReportHtml } from '../../../trainer/report/report-html.ts';
import { reportSchema } from '../../../trainer/report/report-schema.ts';
import { renderReportText } from '../../../trainer/report/report-text.ts';
import type { Forward, ForwardContender } from '../../../trainer/report/report.ts';
import { evidenceOf } from '../../shared/continuity/make-evidence.ts';
import { reportOf } from './make-report.ts';

const kept = { gains: 10, losses: 10, n: 2_000, bothWrong: 100 };

const ahead: ForwardContender = {
  version: 7,
  kind: 'challenger',
  n: 1_840,
  gains: 212,
  losses: 96,
  mean: 116 / 1_840,
  finding: 'open',
  progress: 0.623,
  moreLabels: 1_060,
  dropped: null,
};

const before: ForwardContender = {
  ...ahead,
  version: 3,
  kind: 'former champion',
  gains: 40,
  losses: 90,
  mean: -50 / 1_840,
  finding: 'worse',
  progress: 0,
  moreLabels: null,
};

const untrusted = { trusted: false, change: null, losses: 1, progress: 0.4 };

const reportWith = (changes: Partial<Forward> = {}) => ({
  ...reportOf(evidenceOf([kept], kept)),
  forward: {
    champion: 6,
    contenders: [ahead, before],
    wording: 'right' as const,
    trust: untrusted,
    ...changes,
  },
});

const textOf = (changes?: Partial<Forward>): string =>
  renderReportText(reportWith(changes), { colour: false, width: 110 });

describe('what came in since', () => {
  test('is a table in the terminal: who stands beside the champion, and how far the evidence is', () => {
    expect(textOf()).toContain(`What came in since
The recipe has 40 % of the evidence that earns it trust, which it has lost once.
  Beside version 6   Labels   Won  Lost  Points  Evidence
  version 7           1,840  +212   −96    +6.3      62 %  open; about 1,060 more labels decide
  version 3, before   1,840   +40   −90    −2.7       0 %  shown to be worse
`);
  });

  test('says of whoever has seen nothing, or is out, just that', () => {
    const fresh = { ...ahead, n: 0, gains: 0, losses: 0, mean: 0 };
    const out = { ...fresh, version: 5, finding: null, progress: null, dropped: 'its base is gone' };
    const text = textOf({ contenders: [fresh, out], trust: { ...untrusted, losses: 0 } });
    expect(text).toContain('version 7              0  no labels yet');
    expect(text).toContain('out: its base is gone');
    expect(text).toContain('The recipe has 40 % of the evidence that earns it trust.');
  });

  test('says when trust was earned or lost', () => {
    const earned = { trusted: true, change: 'earned' as const, losses: 0, progress: 1 };
    expect(textOf({ trust: earned })).toContain('The recipe is trusted from this run on');
    expect(textOf({ trust: { ...untrusted, change: 'lost' } })).toContain(
      'The recipe lost its trust in this run',
    );
  });

  test('is a section of the page, in the words of the metric', () => {
    const page = renderReportHtml(reportWith());
    expect(page).toContain('<h2>What came in since</h2>');
    expect(page).toContain('Right only with it');
    expect(page).toContain('version 3, a former champion');
    expect(renderReportHtml(reportWith({ wording: 'better' }))).toContain('Answered better by the champion');
    expect(renderReportHtml(reportWith({ contenders: [] }))).toContain(
      'Nobody stands beside the champion yet',
    );
  });

  test('is left out where there is no champion, and fits the published schema', () => {
    expect(renderReportHtml(reportOf(evidenceOf([kept], kept)))).not.toContain('What came in since');
    expect(reportSchema.parse(JSON.parse(JSON.stringify(reportWith())))).toMatchObject({
      forward: { contenders: [{ version: 7 }, { version: 3 }] },
    });
  });
});
