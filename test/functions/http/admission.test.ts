import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Admission,
  type AdmissionLimits,
  createAdmission,
  type Slot,
} from '../../../functions/http/admission.ts';

const LIMITS: AdmissionLimits = { maxInFlight: 2, maxWaiting: 1, maxBytes: 100, leaseMs: 1_000 };
const PATIENCE_MS = 10_000;

/** @param turnMs  how long a turn takes to come */
function create(limits: Partial<AdmissionLimits> = {}, turnMs = 0) {
  const clock = { nowMs: 0 };
  const nextTurn = async (): Promise<void> => void (clock.nowMs += turnMs);
  const admission = createAdmission({ ...LIMITS, ...limits }, () => clock.nowMs, nextTurn);
  return { admission, clock };
}

/** A key of its own each time, so that only what all have together is in the way. */
let keys = 0;
function enter(admission: Admission, bytes = 1, waitMs = PATIENCE_MS) {
  return admission.acquire(`key ${++keys}`, bytes, waitMs);
}

function mustEnter(admission: Admission, bytes = 1, key = `key ${++keys}`): Slot {
  const entered = admission.acquire(key, bytes, PATIENCE_MS);
  if (entered instanceof Promise || entered === 'refused') throw new Error('there was no place');
  return entered;
}

test('who comes when all places are lent waits, and who comes when all may wait is refused', async () => {
  const { admission } = create();
  const first = mustEnter(admission);
  mustEnter(admission);
  expect(admission.full()).toBe(false);
  const third = enter(admission, 1, PATIENCE_MS);
  expect(third).toBeInstanceOf(Promise);
  expect(admission.full()).toBe(true);
  expect(enter(admission, 1, PATIENCE_MS)).toBe('refused');
  admission.release(first);
  expect(await third).toMatchObject({ bytes: 1 });
  expect(admission.full()).toBe(false);
});

test('who waits longer than the answer is worth is told so, and leaves the queue', async () => {
  const { admission } = create({ maxInFlight: 1 });
  const first = mustEnter(admission);
  expect(await enter(admission, 1, 5)).toBe('late');
  expect(admission.full()).toBe(false);
  admission.release(first);
  mustEnter(admission);
});

test('places go to those who wait in the order they came, before anybody who comes later', async () => {
  const { admission } = create({ maxInFlight: 1, maxWaiting: 3 });
  const order: string[] = [];
  const first = mustEnter(admission);
  const waiting = ['a', 'b'].map(async (name) => {
    const place = await enter(admission, 1, PATIENCE_MS);
    order.push(name);
    admission.release(place as Slot);
  });
  admission.release(first);
  const late = enter(admission, 1, PATIENCE_MS);
  expect(late).toBeInstanceOf(Promise);
  await Promise.all(waiting);
  order.push('late');
  expect(await late).toMatchObject({ bytes: 1 });
  expect(order).toEqual(['a', 'b', 'late']);
});

test('bodies are counted in bytes, and one larger than all of them is taken on alone', () => {
  const { admission } = create({ maxInFlight: 10 });
  const small = mustEnter(admission, 60);
  expect(enter(admission, 60, PATIENCE_MS)).toBeInstanceOf(Promise);
  admission.release(small);
  const { admission: other } = create({ maxInFlight: 10 });
  mustEnter(other, 1_000);
  expect(enter(other, 1, PATIENCE_MS)).toBeInstanceOf(Promise);
});

test('a place that is never given back is lent again when its time is over', () => {
  const { admission, clock } = create({ maxWaiting: 0 });
  const lost = [mustEnter(admission), mustEnter(admission)];
  expect(admission.full()).toBe(true);
  clock.nowMs = LIMITS.leaseMs;
  expect(admission.full()).toBe(false);
  mustEnter(admission);
  mustEnter(admission);
  // A late return takes nothing from those who have the place now.
  for (const place of lost) admission.release(place);
  expect(admission.full()).toBe(true);
});

test('an isolate in which turns are long in coming takes on less, and fewer may wait for it', async () => {
  const { admission, clock } = create({ maxInFlight: 8, maxWaiting: 8 }, 10_000);
  for (let i = 0; i < 20; i++) {
    await admission.probe();
    clock.nowMs += 1_000;
  }
  const entered = Array.from({ length: 8 }, () => enter(admission, 1, PATIENCE_MS));
  expect(
    entered.map((entry) => (entry instanceof Promise ? 'waits' : entry === 'refused' ? entry : 'in')),
  ).toEqual(['in', 'in', 'waits', 'waits', 'refused', 'refused', 'refused', 'refused']);
  expect(admission.full()).toBe(true);
});

test('places that are held for long do not make it take on less', async () => {
  const { admission, clock } = create({ maxInFlight: 8, leaseMs: 60_000 });
  for (let i = 0; i < 20; i++) {
    const place = mustEnter(admission);
    await admission.probe();
    clock.nowMs += 5_000;
    admission.release(place);
  }
  for (let i = 0; i < 8; i++) mustEnter(admission);
});

test('one key never has everything: three quarters of the places and of the queue, and the others come in', async () => {
  const { admission } = create({ maxInFlight: 8, maxWaiting: 8 });
  const slow = Array.from({ length: 30 }, () => admission.acquire('slow', 1, PATIENCE_MS));
  expect(slow.filter((entry) => typeof entry === 'object' && !(entry instanceof Promise))).toHaveLength(6);
  expect(slow.filter((entry) => entry instanceof Promise)).toHaveLength(6);
  expect(slow.filter((entry) => entry === 'refused')).toHaveLength(18);
  expect(admission.full()).toBe(false);
  const quick = mustEnter(admission, 1, 'quick');
  mustEnter(admission, 1, 'quick');
  const third = admission.acquire('quick', 1, PATIENCE_MS);
  expect(third).toBeInstanceOf(Promise);
  // Six of the other key came earlier and wait for their own: the place is this one's.
  admission.release(quick);
  expect(await third).toMatchObject({ holder: 'quick' });
});

test('nor all of the bytes, however few its bodies are', () => {
  const { admission } = create({ maxInFlight: 8, maxWaiting: 8, maxBytes: 100 });
  mustEnter(admission, 40, 'large');
  expect(admission.acquire('large', 40, PATIENCE_MS)).toBeInstanceOf(Promise);
  mustEnter(admission, 20, 'large');
  mustEnter(admission, 40, 'small');
});

test('whatever comes and goes, no more is lent than there is, no key has more than its share, and nobody is forgotten', async () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b', 'c'),
    bytes: fc.integer({ min: 0, max: 60 }),
    leaves: fc.integer({ min: 0, max: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { admission } = create({ maxInFlight: 8, maxWaiting: 8 });
      const held: Slot[] = [];
      const pending = new Set<Promise<unknown>>();
      const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
      const check = () => {
        expect(held.length).toBeLessThanOrEqual(8);
        for (const key of ['a', 'b', 'c']) {
          expect(held.filter(({ holder }) => holder === key).length).toBeLessThanOrEqual(6);
        }
        if (held.length > 1) expect(held.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(100);
      };
      for (const { key, bytes, leaves } of steps) {
        const entered = admission.acquire(key, bytes, PATIENCE_MS);
        if (entered instanceof Promise) {
          const waiting = entered.then((place) => {
            pending.delete(waiting);
            if (place !== 'late') held.push(place);
          });
          pending.add(waiting);
        } else if (entered !== 'refused') held.push(entered);
        for (let i = 0; i < leaves && held.length > 0; i++) admission.release(held.shift() as Slot);
        await settle();
        check();
      }
      for (let i = 0; i < 200 && (held.length > 0 || pending.size > 0); i++) {
        if (held.length > 0) admission.release(held.shift() as Slot);
        await settle();
      }
      expect(pending.size).toBe(0);
    }),
    { numRuns: 60 },
  );
});
