import { describe, expect, it } from 'vitest';
import { findLocalUrl } from '../../../../trainer/tools/cli/local-url.ts';
import { lockState } from '../../../../trainer/tools/state/state-lock.ts';
import { useTempFolder } from '../../../support/temp-folder.ts';

const folder = useTempFolder();

describe('findLocalUrl', () => {
  it('is what the process that owns the state folder says', async () => {
    const state = `${folder.path}/state`;
    const lock = await lockState(state);
    if (!lock.ok) throw new Error('somebody else has it');
    expect(findLocalUrl({ HOLDFAST_STATE: state })).toBeNull();
    await lock.value.update({ runtimes: [], url: 'http://127.0.0.1:8899' });
    expect(findLocalUrl({ HOLDFAST_STATE: state })).toBe('http://127.0.0.1:8899');
    await lock.value.release();
    expect(findLocalUrl({ HOLDFAST_STATE: state })).toBeNull();
  });

  it.each([
    ['of a process that is gone', { owner: { pid: 2 ** 22 - 1 }, url: 'http://127.0.0.1:8899' }],
    ['that leads elsewhere', { owner: { pid: process.pid }, url: 'http://evil.example' }],
    ['that is no lock', ['x']],
  ])('is not taken from a lock %s', async (name, lock) => {
    await folder.write(`${name}/holdfast.lock`, JSON.stringify(lock));
    expect(findLocalUrl({ HOLDFAST_STATE: `${folder.path}/${name}` })).toBeNull();
  });
});
