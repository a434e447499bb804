/**
 * Tests of the judging itself, run on every night's own evidence: by the same files, executor and gate as the
 * candidate, with what must come out known beforehand. A judge that fails them is not believed.
 */
import type { Evidence, SelfTestOutcome, WindowEvidence } from '../../shared/continuity/evidence.ts';
import { decideGate } from '../../shared/continuity/gate.ts';
import { accuracy } from '../../shared/continuity/metrics.ts';
import type { GatePolicy } from '../../shared/continuity/policy.ts';
import type { DenseLayer } from '../../shared/model/head.ts';
import { createRuntime } from '../../shared/model/runtime.ts';
import { answer, type Judged, openChampion, openProgram, type Version } from './answer.ts';
import { encodeHead, type VersionFiles } from './candidate-files.ts';
import { exportedLayers } from './candidate-facts.ts';
import type { RunContext } from './context.ts';
import type { Examples } from './features.ts';

/**
 * The champion, read again into another executor, must answer with the same bits: what the candidate is compared with
 * is the champion, and the comparison has no noise of its own.
 */
export async function testChampionAgain(
  ctx: RunContext,
  champion: Version,
  examples: Examples,
): Promise<SelfTestOutcome> {
  const id = 'champion read again';
  const again = await openChampion(ctx, createRuntime(ctx.wasm));
  const { version } = champion.manifest;
  const before = answer(ctx, champion, examples).probabilities;
  const after = again && answer(ctx, again, examples).probabilities;
  const different = before.findIndex((value, i) => !Object.is(value, after?.[i]));
  if (different === -1) {
    const detail = `version ${version} answers ${examples.labels.length} examples with the same bits`;
    return { id, passed: true, detail };
  }
  const example = examples.ids[Math.floor(different / ctx.spec.labels.length)];
  const detail = `expected version ${version} to answer with the same bits, got ${after?.[different]} after ${before[different]} for example ${example}`;
  return { id, passed: false, detail };
}

/**
 * The candidate with its classes in the wrong order, through the same files and executor as itself; null when its
 * layers can't be read, which the check of its files reports.
 */
export function openBroken(ctx: RunContext, files: VersionFiles, candidate: Judged): Judged | null {
  const layers = exportedLayers(ctx, files, candidate.program.inputSize);
  if (layers === null) return null;
  const broken = encodeHead(rotateClasses(layers));
  return {
    program: openProgram(ctx.runtime, broken, "the broken candidate's edge plan"),
    constants: candidate.constants,
  };
}

/**
 * The gate that judges the candidate must not promote the broken one.
 *
 * @param windows  the evidence's, with the broken model's answers in the candidate's place; [] when it could not be made
 */
export function judgeBroken(
  evidence: Evidence,
  windows: readonly WindowEvidence[],
  policy: GatePolicy,
): SelfTestOutcome {
  const id = 'classes in the wrong order';
  const current = windows.at(-1);
  if (current === undefined) return { id, passed: false, detail: 'the broken candidate could not be made' };
  const candidate = { ...evidence.candidate, digest: `${evidence.candidate.digest}, broken` };
  const { verdict } = decideGate({ ...evidence, windows, candidate, selfTests: [] }, policy);
  const share = (100 * accuracy(current.labels, current.candidate)).toFixed(1);
  const got = `the candidate with its classes in the wrong order, right on ${share} % of the current window, gets ${verdict}`;
  return verdict === 'promote'
    ? { id, passed: false, detail: `expected a refusal: ${got}` }
    : { id, passed: true, detail: got };
}

/** The head that gives every class's probability to the next class. */
export function rotateClasses(layers: readonly DenseLayer[]): DenseLayer[] {
  const last = layers.at(-1);
  if (last === undefined) return [];
  const { kernel, bias } = last;
  const classes = bias.data.length;
  const before = (c: number): number => (c + classes - 1) % classes;
  const rotated = kernel.data.map(
    (_, at) => kernel.data[at - (at % classes) + before(at % classes)] as number,
  );
  const offsets = bias.data.map((_, c) => bias.data[before(c)] as number);
  return [
    ...layers.slice(0, -1),
    { ...last, kernel: { ...kernel, data: rotated }, bias: { ...bias, data: offsets } },
  ];
}
