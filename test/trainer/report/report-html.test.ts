import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { raw } from 'hono/html';
import { html } from '../../../trainer/report/page/html-template.ts';
import { renderReportHtml } from '../../../trainer/report/report-html.ts';
import { evidenceOf, windowOf, withoutChampion } from '../../shared/continuity/make-evidence.ts';
import { fullReportOf, PICTURE, reportOf } from './make-report.ts';

const kept = { gains: 10, losses: 10, n: 2_000, bothWrong: 100 };
const rejected = evidenceOf([{ ...kept, losses: 300 }, kept], { ...kept, losses: 40 });

test('stands alone: no scripts and nothing to fetch', () => {
  const page = renderReportHtml(reportOf(rejected));
  expect(page.startsWith('<!doctype html>')).toBe(true);
  expect(page).not.toMatch(/<script|<link|<img|src=|url\(|@import|https?:/);
});

test('shows the verdict, every check, every window and the flipped examples', () => {
  const report = reportOf(rejected);
  const page = renderReportHtml(report);
  expect(page).toContain('<h1>reject</h1>');
  for (const { title } of report.verdict.checks) expect(page).toContain(`<b>${title}</b>`);
  for (const { id } of report.windows) expect(page).toContain(`<td>${id}`);
  expect(page).toContain('<code>now/10</code>');
  expect(page).toContain('40 that the champion got right');
});

test('draws each interval once and each accuracy as a point', () => {
  const page = renderReportHtml(reportOf(rejected));
  // current, mean, worst + 2 windows, recall + 2 classes; flips + overall and 2 classes; baseline + majority; kappa
  expect(page.match(/class="interval"/g)).toHaveLength(15);
  expect(page).toContain('<title>Candidate, past-0: 80.0 %</title>');
});

test('numbers in the figures are finite', () => {
  const single = withoutChampion(evidenceOf([], { gains: 0, losses: 0, n: 300 }));
  const flat = evidenceOf([{ gains: 0, losses: 0, n: 300 }], { gains: 0, losses: 0, n: 300 });
  for (const evidence of [rejected, single, flat]) {
    expect(renderReportHtml(reportOf(evidence))).not.toMatch(/NaN|Infinity|undefined/);
  }
});

test('a verdict without checks, on evidence that does not validate, still renders with its problems', () => {
  const page = renderReportHtml(reportOf({ ...rejected, majority: 7 }));
  expect(page).toContain('<h1>hold</h1>');
  expect(page).toContain('majority: expected a class id in 0..1, got 7');
});

test('names from outside are text, never markup', () => {
  const evil = `<img src=x onerror="alert('1')">&`;
  const window = windowOf(evil, 'current', { gains: 0, losses: 3, n: 200 });
  const evidence = { ...evidenceOf([], kept), classes: [evil, 'b'], windows: [window] };
  const page = renderReportHtml(reportOf(evidence, evil));
  expect(page).not.toContain('<img');
  expect(page).toContain('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;');
});

test('the template inserts as markup only what it made itself', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const markup = html`<p title="${text}">${[text, raw('<b>'), null, 1]}</p>`.toString();
      expect(markup.replaceAll('&amp;', '').match(/[<>"]/g)?.join('')).toBe(
        '<""><b></p>'.replace(/[^<>"]/g, ''),
      );
    }),
  );
});

test('reported flips that are back stand by themselves, beside the others', () => {
  const reportedFlips = {
    exampleIds: ['back', 'kept'],
    windows: ['past-0', 'past-0'],
    labels: Int32Array.of(0, 0),
    candidate: Int32Array.of(1, 0),
    champion: Int32Array.of(0, 0),
  };
  const page = renderReportHtml(reportOf({ ...rejected, reportedFlips }));
  expect(page).toContain('<h2>Reported flips that are back</h2>');
  expect(page).toContain('1 that users reported, that the champion gets right');
  expect(page).toContain('<code>back</code>');
  expect(page).not.toContain('<code>kept</code>');
  expect(page).toContain('<h2>Examples that flipped</h2>');
});

describe('with everything in the report', () => {
  const report = fullReportOf(rejected);
  const page = renderReportHtml(report);

  test('shows the reliability of both models and the matrix', () => {
    expect(page).toMatch(/Expected calibration error:\s+candidate 18\.0\s+points, champion 19\.5/);
    expect(page).toContain('candidate: 2,000 examples, 75.0 % sure,');
    expect(page).toContain('ACC');
    expect(page.match(/ learned"/g)).toHaveLength(3);
  });

  test('embeds the picture of a flipped example, once', () => {
    expect(page.match(/<img /g)).toHaveLength(1);
    expect(page).toContain(`src="${PICTURE}"`);
  });

  test.each([
    ['from elsewhere', 'https://example.org/x.png'],
    ['that is a page', 'data:text/html;base64,AAAA'],
    ['that may run scripts', 'data:image/svg+xml;base64,AAAA'],
    ['with more than base64', 'data:image/png;base64,AAAA" onerror="alert(1)'],
  ])('leaves out a picture %s', (_, uri) => {
    const [id] = Object.keys(report.pictures ?? {});
    expect(renderReportHtml({ ...report, pictures: { [id ?? '']: uri } })).not.toContain('<img');
  });

  test('stands alone: no scripts, no links, no requests', () => {
    expect(page).not.toMatch(/<script|<link|@import|url\(|src="http|href=/);
  });
});
