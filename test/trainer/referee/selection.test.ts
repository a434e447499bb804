import { beforeEach, describe, expect, test } from 'vitest';
import { writeEvents } from '../../../shared/events/inbox.ts';
import type { Event } from '../../../shared/events/schema.ts';
import { createRandom } from '../../../shared/random.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { findUnlabelledOf } from '../../../trainer/pipeline/data/unlabelled.ts';
import {
  describeSelection,
  judgeSelected,
  selectionSchema,
  type UnlabelledAnswers,
} from '../../../trainer/referee/selection.ts';
import type { Replayed } from '../../../trainer/referee/replay.ts';
import { blobEvents, blobSpec, createBlobModel } from '../../support/tabular-model.ts';
import { openRunOf } from '../open-run.ts';

const MODEL = 'blobs';
const FROM = Date.parse('2026-11-01T00:00:00Z');

let store: ObjectStore;
beforeEach(async () => {
  store = createMemoryStore();
  await createBlobModel(store, MODEL, { n: 20, seed: 1, fromMs: FROM });
});

/** Predictions of which some were labelled. */
async function predict(n: number, labelled: (i: number) => boolean): Promise<void> {
  const wholes = blobEvents({ n, seed: 2, fromMs: FROM + 100_000 });
  const events = wholes.flatMap(({ id, at, input, label }, i): Event[] => [
    { kind: 'prediction', id, at, version: 1, input, predicted: label },
    ...(labelled(i) ? [{ kind: 'label', id: `l-${id}`, at: at + 5, prediction: id, label } as const] : []),
  ]);
  await writeEvents(store, MODEL, events, new Date(FROM + 100_000));
}

describe('a snapshot keeps what got no label', () => {
  test('up to its newest example, as nothing newer had the time', async () => {
    await predict(300, (i) => i < 200 && i % 4 === 0);
    const { ctx } = await openRunOf(store, MODEL, 'a');
    const found = await findUnlabelledOf(ctx);
    expect(found).toMatchObject({ predictions: 147, shards: [{ examples: 147 }] });
  });

  test('a thousand of many, drawn at random; nothing where every prediction has its label', async () => {
    await predict(1_500, (i) => i % 5 === 0);
    const { ctx } = await openRunOf(store, MODEL, 'b');
    expect(await findUnlabelledOf(ctx)).toMatchObject({ predictions: 1_196, shards: [{ examples: 1_000 }] });
    store = createMemoryStore();
    await createBlobModel(store, MODEL, { n: 20, seed: 1, fromMs: FROM });
    await predict(100, () => true);
    const complete = await openRunOf(store, MODEL, 'c');
    expect(await findUnlabelledOf(complete.ctx)).toMatchObject({ predictions: 0, shards: [] });
  });
});

const { gate } = blobSpec(MODEL);

/**
 * A champion that is right on nine in ten; a challenger that differs on one in ten, and is as often right there. Wrong
 * answers are labelled nine times in ten, right ones every fifth time.
 */
function night(wrong: number, right: number) {
  const random = createRandom(11);
  const [labels, served, mine]: [number[], number[], number[]] = [[], [], []];
  const rest: { predicted: number; mine: number }[] = [];
  for (let i = 0; i < 6_000; i++) {
    const said = random.below(2);
    const differs = random.uniform() < 0.1;
    const isRight = random.uniform() < (differs ? 0.5 : 0.95 - 0.1 * said);
    const other = differs ? 1 - said : said;
    if (random.uniform() < (isRight ? right : wrong)) {
      labels.push(isRight ? said : 1 - said);
      served.push(said);
      mine.push(other);
    } else rest.push({ predicted: said, mine: other });
  }
  const n = labels.length;
  const seen: Replayed = {
    ids: labels.map((_, i) => `${i}`),
    positions: labels.map((_, i) => i),
    times: Float64Array.from(labels, (_, i) => i),
    labels: Float64Array.from(labels),
    groups: null,
    contents: Int32Array.from(labels, (_, i) => i),
    served,
    logLosses: new Map(),
    answers: new Map([
      [1, Float64Array.from(served)],
      [2, Float64Array.from(mine)],
    ]),
  };
  const unlabelled: UnlabelledAnswers = {
    ids: rest.map((_, i) => `u${i}`),
    times: rest.map(() => 0),
    predicted: rest.map(({ predicted }) => predicted),
    answers: new Map([
      [1, Int32Array.from(rest, ({ predicted }) => predicted)],
      [2, Int32Array.from(rest, (each) => each.mine)],
    ]),
    each: 1,
  };
  const differences = Float64Array.from(
    { length: n },
    (_, i) => Number(mine[i] === labels[i]) - Number(served[i] === labels[i]),
  );
  const inside = labels.map((_, i) => i);
  return {
    seen,
    unlabelled,
    compared: { challenger: 2, champion: 1, fromMs: 0, inside, examples: { differences } },
  };
}

const BETTER = { finding: 'better', progress: 1, moreLabels: 0 } as const;
const bounds = { floor: -0.01, level: 0.05, nights: 0, most: gate.selection.nights };

test('a contender that wins by selection alone is held for three nights, by the labels that would decide, and then stays', () => {
  const { seen, unlabelled, compared } = night(0.9, 0.2);
  const { judgement, selection } = judgeSelected(BETTER, seen, unlabelled, compared, bounds);
  expect(judgement.finding).toBe('open');
  expect(selectionSchema.parse(JSON.parse(JSON.stringify(selection)))).toEqual(selection);
  expect(selection).toMatchObject({ predictions: 6_000, held: true, nights: 1 });
  expect(selection.propensity?.wrong).toBeCloseTo(0.9, 0);
  expect(selection.propensity?.right).toBeCloseTo(0.2, 1);
  expect(selection.disagreeing ?? 0).toBeGreaterThan(1.5 * (selection.agreeing ?? 0));
  expect(selection.wanted).toHaveLength(50);
  const sentence = describeSelection(selection);
  expect(sentence).toMatch(
    /^30 % of 6000 predictions have their label \(2\d % where the two agree, 5\d % where not\)/,
  );
  expect(sentence).toMatch(
    /held, as labels are a selection .* \(night 1\), or labels for 50 predictions .*: u\d+/,
  );
  const later = judgeSelected(BETTER, seen, unlabelled, compared, { ...bounds, nights: 3 });
  expect(later.judgement.finding).not.toBe('better');
  expect(later.selection.held).toBe(false);
});

test('labels that came at random hold nobody back who has won by more than they could hide', () => {
  const { seen, unlabelled, compared } = night(0.6, 0.6);
  const won = compared.examples.differences.map((difference) => Math.abs(difference));
  const { judgement, selection } = judgeSelected(
    BETTER,
    { ...seen, labels: Float64Array.from(seen.answers.get(2) ?? []) },
    unlabelled,
    { ...compared, examples: { differences: won } },
    bounds,
  );
  expect(judgement.finding).toBe('better');
  expect(selection.nights).toBe(0);
});
