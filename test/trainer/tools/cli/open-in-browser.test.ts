import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { openerFor, openInBrowser } from '../../../../trainer/tools/cli/open-in-browser.ts';
import { useTempFolder } from '../../../support/temp-folder.ts';

const folder = useTempFolder();

it.each<[NodeJS.Platform, Record<string, string>, string[]]>([
  ['linux', {}, ['xdg-open']],
  ['darwin', {}, ['open']],
  ['win32', {}, ['cmd', '/c', 'start', '']],
  ['darwin', { BROWSER: 'firefox' }, ['firefox']],
  ['linux', { BROWSER: '' }, ['xdg-open']],
])('on %s with %o a URL is opened by %o', (platform, env, expected) => {
  expect(openerFor(platform, env)).toEqual(expected);
});

it('hands the browser a file’s URL, whatever the file is called', async () => {
  const seen = join(folder.path, 'seen');
  const browser = await folder.write('browser', `#!/bin/sh\nprintf %s "$1" > '${seen}'\n`);
  await chmod(browser, 0o755);
  expect(await openInBrowser('/tmp/a b#1.html', { BROWSER: browser })).toBe(true);
  await vi.waitFor(async () => expect(await readFile(seen, 'utf8')).toBe('file:///tmp/a%20b%231.html'), {
    timeout: 10_000,
  });
});

it('says where there is none', async () => {
  expect(await openInBrowser('/tmp/x.html', { BROWSER: join(folder.path, 'nobody') })).toBe(false);
});
