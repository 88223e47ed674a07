import { readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '@polytask/core/node';
import { NativeError } from './native-error.js';
import { requireSuccess, runTool } from './run-tool.js';
import type { Step } from './step.js';

/** TensorFlow's library as PyPI has it. It exports the whole C API, which is the same for every Python. */
const wheel = {
  version: '2.21.0',
  /** The tags of the one file that is taken whatever Python there is. */
  python: '3.11',
  abi: 'cp311',
  platform: 'manylinux_2_27_x86_64',
  sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
  bytes: 273_829_956,
};

/** What is unpacked: the library in its two parts, the headers of its C API, and the notices of what it contains. */
const files = ['tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2'];
const notices = 'tensorflow/THIRD_PARTY_NOTICES.txt';
const headers = ['tensorflow/c/', 'tensorflow/core/platform/', 'tsl/platform/', 'xla/tsl/c/'];

/** Unpacks what is named or lies below a name that ends in `/`. Python is there anyway, and reads archives of any size. */
const unpackProgram = `
import sys, zipfile
archive, target, *wanted = sys.argv[1:]
with zipfile.ZipFile(archive) as wheel:
    wheel.extractall(target, [name for name in wheel.namelist()
        if any(name == one or one.endswith('/') and name.startswith(one) for one in wanted)])
`;

/**
 * Downloads the wheel with pip, which checks its hash, and puts library and headers into `deps` of tfjs-node.
 *
 * @param home - Folder of the tfjs-node package.
 * @param work - An empty folder for what is needed on the way.
 */
export async function takeLibrary(python: string, home: string, work: string, step: Step): Promise<void> {
  const { signal } = step;
  await makeFolder(work);
  const requirements = join(work, 'requirements.txt');
  await writeFile(requirements, `tensorflow-cpu==${wheel.version} --hash=sha256:${wheel.sha256}\n`);
  const tags = [
    '--implementation',
    'cp',
    '--python-version',
    wheel.python,
    '--abi',
    wheel.abi,
    '--platform',
    wheel.platform,
  ];
  const only = ['--no-deps', '--only-binary=:all:', '--require-hashes', '--requirement', requirements];
  const calm = ['--no-input', '--disable-pip-version-check', '--progress-bar', 'off', '--retries', '1'];
  const args = ['-m', 'pip', 'download', ...tags, ...only, ...calm, '--dest', work];
  const label = `Downloading TensorFlow ${wheel.version} from PyPI (tensorflow-cpu)`;
  const download = await step.timed(
    label,
    () => runTool({ command: python, args, cwd: work, env: { TMPDIR: work }, signal }),
    {
      size: () => sizeOf(work),
      of: wheel.bytes,
    },
  );
  requireSuccess(
    download,
    'pip could not download tensorflow-cpu',
    'Let this machine reach PyPI, or a mirror (PIP_INDEX_URL).',
  );
  const archive = (await readdir(work)).find((name) => name.endsWith('.whl'));
  if (archive === undefined) throw new NativeError(`pip ended well but left no wheel.\n${download.tail}`);

  const include = headers.map((folder) => `tensorflow/include/${folder}`);
  const unpack = ['-c', unpackProgram, join(work, archive), work, ...files, notices, ...include];
  const unpacked = await step.timed('Unpacking its library', () => runTool({ command: python, args: unpack, signal }));
  requireSuccess(unpacked, 'the wheel could not be unpacked', 'Is the disk full?');
  await rm(join(work, archive));
  await step.move(join(work, 'tensorflow/include'), join(home, 'deps/include'));
  await step.move(join(work, notices), join(home, 'deps/THIRD_PARTY_NOTICES.txt'));
  for (const [file, names] of [
    ['libtensorflow_cc.so.2', ['libtensorflow.so', 'libtensorflow.so.2']],
    ['libtensorflow_framework.so.2', ['libtensorflow_framework.so']],
  ] as const) {
    await step.move(join(work, 'tensorflow', file), join(home, 'deps/lib', file));
    for (const name of names) await symlink(file, join(home, 'deps/lib', name));
  }
}

/** Bytes of all files below a folder. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      stat(join(entry.parentPath, entry.name)).then(
        ({ size }) => size,
        () => 0,
      ),
    );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
