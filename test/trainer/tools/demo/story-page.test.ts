import { expect, test } from 'vitest';
import { emptyStory } from '../../../../trainer/tools/demo/story.ts';
import { renderStoryPage } from '../../../../trainer/tools/demo/story-page.ts';

test('shows days, claims and a failure, with everything escaped', () => {
  const story = emptyStory();
  story.days.push({ label: 'day <1>', version: 1, digits: 10, accuracy: 0.9 });
  story.confirmed.push({ chapter: 'A & B', claim: 'x < y' });
  const page = renderStoryPage(story, [], 'expected <more>');
  expect(page).toContain('day &lt;1&gt;: 90.0 % by version 1');
  expect(page).toContain('<td>A &amp; B</td><td>✓ x &lt; y</td>');
  expect(page).toContain('<p class="bad">expected &lt;more&gt;</p>');
  expect(page).not.toContain('NaN');
});
