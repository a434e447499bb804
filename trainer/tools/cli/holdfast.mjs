#!/usr/bin/env node
/**
 * The `holdfast` command. Plain JavaScript that any Node since 18 can parse: it finds a Node that runs TypeScript
 * natively and hands over to commands/main.ts.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isNodeNewEnough, requireNode } from '../node-version.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const main = join(here, 'commands', 'main.ts');

if (isNodeNewEnough()) {
  requireNode('npx holdfast');
  silenceTypeStripping();
  await import(pathToFileURL(main).href);
} else {
  handOver(findInstalledNode());
}

/** Node 22 and early 24 warn that stripping types is experimental, on every start. */
function silenceTypeStripping() {
  const emit = process.emitWarning.bind(process);
  process.emitWarning = (warning, ...rest) => {
    if (!String(warning).includes('Type Stripping')) emit(warning, ...rest);
  };
}

/** The npm package `node` brings a newer one; its install script may have been skipped. */
function findInstalledNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve('node/package.json');
    const binary = join(dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(binary) ? binary : null;
  } catch {
    return null;
  }
}

function handOver(node) {
  if (node === null) {
    requireNode('npx holdfast');
    return;
  }
  const flags = ['--disable-warning=ExperimentalWarning'];
  const child = spawn(node, [...flags, main, ...process.argv.slice(2)], { stdio: 'inherit' });
  // The terminal signals the whole group, so the child hears Ctrl-C itself; we only wait for it.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
  });
}
