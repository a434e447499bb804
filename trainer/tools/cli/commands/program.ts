/**
 * The table of commands.
 */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { ADDRESSINGS, CHECKSUMS } from '../../../node/s3-store.ts';
import { oneOf } from '../options.ts';
import { addAtCommand } from './serving/at.ts';
import { addAugmentCommands } from './examples/augment.ts';
import { addBaseCommands } from './models/base.ts';
import { addCompareCommand } from './training/compare.ts';
import { addCreateCommand } from './models/create.ts';
import { addDeleteCommands } from './models/delete.ts';
import { addDoctorCommand } from './deployment/doctor.ts';
import { addEvaluateCommand } from './examples/evaluate.ts';
import { addExportCommand } from './models/export.ts';
import { addImportCommand } from './examples/import.ts';
import { addImportModelCommand } from './models/import-model.ts';
import { addInspectCommand } from './models/inspect.ts';
import { addKeyCommands } from './deployment/key.ts';
import { addLrFindCommand } from './training/lr-find.ts';
import { addLiveCommand } from './serving/live.ts';
import { addMoveCommands } from './serving/move.ts';
import { addNoticeCommands } from './deployment/notices.ts';
import { addPredictCommand } from './examples/predict.ts';
import { addQuarantineCommand } from './examples/quarantine.ts';
import { addReproduceCommand } from './training/reproduce.ts';
import { addRunCommands } from './training/run.ts';
import { addSpecCommands } from './models/spec.ts';
import { addShadowCommand } from './serving/shadow.ts';
import { addStatusCommands } from './serving/status.ts';
import { addTrainCommand } from './training/train.ts';

const AFTER = `
Registry commands speak to a deployment over HTTP (--url, HOLDFAST_URL, default http://127.0.0.1:8787; --key,
HOLDFAST_KEY), or straight to its bucket (--store s3://bucket, HOLDFAST_STORE; --endpoint, HOLDFAST_ENDPOINT; keys,
session, profile and region as the AWS CLI finds them; HTTPS_PROXY). holdfast doctor tries the store. create, import, import-model, base, spec set, export and train --store need the bucket;
beside a local npm start they find it by themselves.

Exit codes: 0 done, 1 could not be done, 2 asked for wrongly. train: 0 promoted, 3 held, 4 refused, 5 nothing to learn
from or too little to judge by, 6 passed and not promoted (a person decides). status: 7 a model does not serve.`;

/** The whole command line, parsed by nobody yet. Every action throws a Failure to end with another code than 0. */
export function createProgram(): Command {
  const program = new Command('holdfast')
    .description('Models that hold: train, judge, promote and roll back.')
    .version(packageVersion())
    .option('--store <s3://bucket>', 'work straight on this bucket')
    .option('--endpoint <url>', 'S3 server of --store')
    .option(
      '--addressing <style>',
      'the bucket in the path or in the host (virtual) of the store’s URLs; HOLDFAST_S3_ADDRESSING',
      oneOf(ADDRESSINGS),
    )
    .option('--checksums <when>', 'when-required or when-supported; HOLDFAST_S3_CHECKSUMS', oneOf(CHECKSUMS))
    .option('--url <url>', 'deployment to speak to')
    .option('--key <token>', 'bearer key with the scope operate')
    .option('--by <who>', 'who acts, for the records (default: $USER@host)')
    .option('--json', 'machine-readable output')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help shows what is expected)')
    .addHelpText('after', AFTER)
    .exitOverride();
  addCreateCommand(program);
  addImportCommand(program);
  addInspectCommand(program);
  addBaseCommands(program);
  addImportModelCommand(program);
  addAugmentCommands(program);
  addLrFindCommand(program);
  addTrainCommand(program);
  addCompareCommand(program);
  addReproduceCommand(program);
  addRunCommands(program);
  addMoveCommands(program);
  addQuarantineCommand(program);
  addStatusCommands(program);
  addLiveCommand(program);
  addShadowCommand(program);
  addAtCommand(program);
  addEvaluateCommand(program);
  addPredictCommand(program);
  addNoticeCommands(program);
  addExportCommand(program);
  addSpecCommands(program);
  addKeyCommands(program);
  addDeleteCommands(program);
  addDoctorCommand(program);
  return program;
}

function packageVersion(): string {
  const json: unknown = JSON.parse(
    readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8'),
  );
  return typeof json === 'object' && json !== null && 'version' in json ? String(json.version) : '0';
}
