import { expect, test } from 'vitest';
import {
  type Admission,
  type AdmissionLimits,
  createAdmission,
  type Place,
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

function mustEnter(admission: Admission, bytes = 1): Place {
  const entered = admission.enter(bytes, PATIENCE_MS);
  if (entered instanceof Promise || entered === 'refused') throw new Error('there was no place');
  return entered;
}

test('who comes when all places are lent waits, and who comes when all may wait is refused', async () => {
  const { admission } = create();
  const first = mustEnter(admission);
  mustEnter(admission);
  expect(admission.full()).toBe(false);
  const third = admission.enter(1, PATIENCE_MS);
  expect(third).toBeInstanceOf(Promise);
  expect(admission.full()).toBe(true);
  expect(admission.enter(1, PATIENCE_MS)).toBe('refused');
  admission.leave(first);
  expect(await third).toMatchObject({ bytes: 1 });
  expect(admission.full()).toBe(false);
});

test('who waits longer than the answer is worth is told so, and leaves the queue', async () => {
  const { admission } = create({ maxInFlight: 1 });
  const first = mustEnter(admission);
  expect(await admission.enter(1, 5)).toBe('late');
  expect(admission.full()).toBe(false);
  admission.leave(first);
  mustEnter(admission);
});

test('places go to those who wait in the order they came, before anybody who comes later', async () => {
  const { admission } = create({ maxInFlight: 1, maxWaiting: 3 });
  const order: string[] = [];
  const first = mustEnter(admission);
  const waiting = ['a', 'b'].map(async (name) => {
    const place = await admission.enter(1, PATIENCE_MS);
    order.push(name);
    admission.leave(place as Place);
  });
  admission.leave(first);
  const late = admission.enter(1, PATIENCE_MS);
  expect(late).toBeInstanceOf(Promise);
  await Promise.all(waiting);
  order.push('late');
  expect(await late).toMatchObject({ bytes: 1 });
  expect(order).toEqual(['a', 'b', 'late']);
});

test('bodies are counted in bytes, and one larger than all of them is taken on alone', () => {
  const { admission } = create({ maxInFlight: 10 });
  const small = mustEnter(admission, 60);
  expect(admission.enter(60, PATIENCE_MS)).toBeInstanceOf(Promise);
  admission.leave(small);
  const { admission: other } = create({ maxInFlight: 10 });
  mustEnter(other, 1_000);
  expect(other.enter(1, PATIENCE_MS)).toBeInstanceOf(Promise);
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
  for (const place of lost) admission.leave(place);
  expect(admission.full()).toBe(true);
});

test('an isolate in which turns are long in coming takes on less, and fewer may wait for it', async () => {
  const { admission, clock } = create({ maxInFlight: 8, maxWaiting: 8 }, 10_000);
  for (let i = 0; i < 20; i++) {
    await admission.look();
    clock.nowMs += 1_000;
  }
  const entered = Array.from({ length: 8 }, () => admission.enter(1, PATIENCE_MS));
  expect(
    entered.map((entry) => (entry instanceof Promise ? 'waits' : entry === 'refused' ? entry : 'in')),
  ).toEqual(['in', 'in', 'waits', 'waits', 'refused', 'refused', 'refused', 'refused']);
  expect(admission.full()).toBe(true);
});

test('places that are held for long do not make it take on less', async () => {
  const { admission, clock } = create({ maxInFlight: 8, leaseMs: 60_000 });
  for (let i = 0; i < 20; i++) {
    const place = mustEnter(admission);
    await admission.look();
    clock.nowMs += 5_000;
    admission.leave(place);
  }
  for (let i = 0; i < 8; i++) mustEnter(admission);
});
