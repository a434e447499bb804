/**
 * `holdfast inspect`: what a model is, before it is imported.
 */
import type { Command } from 'commander';
import {
  type InspectedModel,
  type InspectedOutput,
  inspectModel,
} from '../../../../model-import/inspect-model.ts';
import { createContext } from '../../context.ts';
import { unwrap } from '../../failure.ts';
import { createProgressLine, formatFacts } from '../../output.ts';
import { example } from '../../options.ts';

/** `holdfast inspect <source>`; needs no bucket. */
export function addInspectCommand(program: Command): void {
  program
    .command('inspect')
    .argument('<source>', 'folder, model.json, .keras, .h5 or .zip file, URL or s3://bucket/prefix')
    .description(
      'say what a model is: input, outputs, layers, what can’t run at the edge, what its files say of labels and pixels; writes nothing',
    )
    .addHelpText(
      'after',
      example('inspect ./converted_tfjs.zip', 'inspect https://example.com/mobilenet_v2/model.json'),
    )
    .action(async (source: string, _options: unknown, command: Command) => {
      const context = createContext(command);
      const progress = createProgressLine();
      const inspected = unwrap(
        await inspectModel(source, {
          openBucket: (location) => context.openBucket(location),
          onProgress: (text) => progress.update(text),
        }).finally(() => progress.close()),
      );
      context.print(inspected, () => describe(inspected, source));
    });
}

const MOST_SHOWN = 12;

function describe(model: InspectedModel, source: string): string {
  const { format, parameters, weightBytes, inputShape, pixels, exported, exportProblem } = model;
  const labels = exported?.labels ?? null;
  const facts: [string, string][] = [
    [
      'model',
      `${model.source}: ${format}, ${parameters.toLocaleString('en')} numbers, ${(weightBytes / 1_000).toFixed(1)} kB`,
    ],
    ['input', inputShape === null ? 'not known: see below' : describeInput(inputShape, pixels !== null)],
    ...model.outputs.map((output): [string, string] => ['output', describeOutput(output)]),
    ['layers', describeParts(model)],
  ];
  if (model.unsupported.length > 0) facts.push(['can’t run', shorten(model.unsupported)]);
  if (pixels !== null) facts.push(['pixels', pixels.note ?? pixels.warning ?? '']);
  if (labels !== null) facts.push(['labels', `${labels.length}: ${shorten(labels)} (${exported?.from})`]);
  if (exported?.target) facts.push(['target', `${exported.target.name} (${exported.from})`]);
  if (exportProblem !== null) facts.push(['but', exportProblem]);
  const next = nextStep(model, source);
  return `${formatFacts(facts)}${next === null ? '' : `\n${next}`}`;
}

function describeInput(shape: readonly number[], isPicture: boolean): string {
  if (isPicture) return `image ${shape.join(' x ')}`;
  return shape.length === 1 ? `rows of ${shape[0]} numbers` : `tensor [${shape.join(', ')}]`;
}

function describeOutput({ name, shape, ending, problem }: InspectedOutput): string {
  if (shape === null) return `${name}: ${problem}`;
  const kinds: Readonly<Record<string, string>> = {
    softmax: ', probabilities (softmax)',
    logits: ', logits or features',
    sigmoid: ', the probability of the second of two labels',
    logit: ', a number, or a logit of two labels',
  };
  return `${name} [${shape.join(', ')}]${kinds[ending ?? ''] ?? ''}`;
}

function describeParts({ parts }: InspectedModel): string {
  return shorten(
    parts.map(
      ({ kind, count, supported }) =>
        `${kind}${count === 1 ? '' : ` x ${count}`}${supported ? '' : ' (can’t run)'}`,
    ),
  );
}

function shorten(items: readonly string[]): string {
  const more = items.length > MOST_SHOWN ? `, and ${items.length - MOST_SHOWN} more` : '';
  return `${items.slice(0, MOST_SHOWN).join(', ')}${more}`;
}

/** The command that imports it, as far as its files say how. */
function nextStep(
  { outputs, exported, exportProblem, inputShape, pixels }: InspectedModel,
  source: string,
): string | null {
  const usable = outputs.filter(({ shape }) => shape !== null);
  if (exportProblem !== null || inputShape === null || usable.length === 0) return null;
  const first = usable.find(({ ending }) => ending === 'softmax' || ending === 'sigmoid') ?? usable[0];
  const layer = outputs.length > 1 ? ` --layer ${first?.name}` : '';
  const answers = first?.ending === 'sigmoid' || first?.ending === 'logit' ? 2 : first?.shape?.at(-1);
  const says = exported?.labels || exported?.target ? '' : ` --labels-file <${answers} labels>`;
  const scale = pixels?.by === 'guess' ? ' --scale … --offset …' : '';
  return `to serve it: npx holdfast import-model <name> ${source}${layer}${says}${scale}`;
}
