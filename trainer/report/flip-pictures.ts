/**
 * Flipped examples as a person can look at them: small pictures for the report, drawn from the stored inputs.
 */
import { toBase64 } from '../../shared/bytes.ts';
import type { FlippedExample } from '../../shared/continuity/findings/check-result.ts';
import type { LabelledExample } from '../pipeline/data/history/join.ts';
import { loadInput } from '../../shared/events/stored-input.ts';
import { rawSize } from '../../shared/model/spec/input.ts';
import type { RunData, RunFiles } from '../run/context.ts';
import { encodePng, type Picture } from './page/png.ts';
import { loadShard, type Snapshot } from '../pipeline/data/snapshot-file.ts';

/** Longer sides are reduced to at most this: a thumbnail shows what is in the picture. */
const MOST_PIXELS = 96;
/** Of all pictures of a report, as text. Flips beyond it are listed without. */
const MOST_CHARACTERS = 1_000_000;

/**
 * Data URIs by example id; none for a model that does not read images. A picture that can't be read is left out: the
 * report is not the place to fail.
 */
export async function drawFlips(
  ctx: RunData,
  snapshot: Snapshot,
  flips: readonly FlippedExample[],
): Promise<Record<string, string>> {
  if (ctx.spec.input.kind !== 'image') return {};
  const examples = await findExamples(ctx, snapshot, flips);
  const drawn: Record<string, string> = {};
  let characters = 0;
  for (const { id } of flips) {
    const example = examples.get(id);
    const picture = example && (await drawInput(ctx, example));
    if (!picture) continue;
    const uri = `data:image/png;base64,${toBase64(await encodePng(picture))}`;
    characters += uri.length;
    if (characters > MOST_CHARACTERS) break;
    drawn[id] = uri;
  }
  return drawn;
}

/** By id; only the shards of windows with flips are read. */
async function findExamples(
  { store, run }: RunFiles,
  snapshot: Snapshot,
  flips: readonly FlippedExample[],
): Promise<Map<string, LabelledExample>> {
  const wanted = new Set(flips.map(({ id }) => id));
  const windows = new Set(flips.map(({ window }) => window));
  const found = new Map<string, LabelledExample>();
  for (const { shards } of snapshot.windows.filter(({ id }) => windows.has(id))) {
    for (const shard of shards) {
      for (const example of await loadShard(store, run.model, shard)) {
        if (wanted.has(example.id)) found.set(example.id, example);
      }
    }
  }
  return found;
}

async function drawInput({ store, run, spec }: RunData, example: LabelledExample): Promise<Picture | null> {
  const { input } = spec;
  if (input.kind !== 'image') return null;
  const raw = await loadInput(store, run.model, example.input, rawSize(input));
  if (!raw.ok) return null;
  const { height, width, channels } = input;
  return reducePicture({ height, width, channels, pixels: Uint8Array.from(raw.value, Math.round) });
}

/** The picture with every square of pixels averaged to one, so that no side is longer than `most`; as it is when none is. */
export function reducePicture(picture: Picture, most = MOST_PIXELS): Picture {
  const { height, width, channels, pixels } = picture;
  const factor = Math.ceil(Math.max(height, width) / most);
  if (factor === 1) return picture;
  const reduced = { height: Math.ceil(height / factor), width: Math.ceil(width / factor), channels };
  const out = new Uint8Array(reduced.height * reduced.width * channels);
  for (let at = 0; at < out.length; at++) {
    const c = at % channels;
    const x = Math.floor(at / channels) % reduced.width;
    const y = Math.floor(at / (channels * reduced.width));
    let [sum, count] = [0, 0];
    for (let row = y * factor; row < Math.min(height, (y + 1) * factor); row++) {
      for (let column = x * factor; column < Math.min(width, (x + 1) * factor); column++) {
        sum += pixels[(row * width + column) * channels + c] as number;
        count += 1;
      }
    }
    out[at] = Math.round(sum / count);
  }
  return { ...reduced, pixels: out };
}
