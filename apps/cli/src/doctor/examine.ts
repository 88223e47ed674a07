import { createRequire } from 'node:module';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { readManifest } from '@polytask/experiment/early';
import manifest from '../../package.json' with { type: 'json' };
import { type ProbeName, type ProbeResult, probe } from './probe.js';

/** What was looked at, what came of it, and what to do where it does not work. */
export interface Finding extends ProbeResult {
  readonly name: ProbeName;
  /** What it is for. */
  readonly purpose: string;
  /** Whether Polytask comes with it, so that it has to work. */
  readonly expected: boolean;
  readonly advice?: string;
}

/** The machine, and all that can compute on it. */
export interface Diagnosis {
  /** Whether all works that is installed. */
  readonly healthy: boolean;
  /** What `backend: auto` would take for a model without special needs. */
  readonly auto: ProbeName | null;
  readonly machine: Machine;
  readonly findings: readonly Finding[];
}

/** What it all runs on. */
export interface Machine {
  readonly polytask: string;
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
  readonly memory: { readonly total: number; readonly free: number };
}

interface Subject {
  readonly name: ProbeName;
  readonly purpose: string;
  readonly expected: boolean;
  readonly advice: string;
}

const reinstall = 'Install @polytask/cli anew';

const subjects: readonly Subject[] = [
  {
    name: 'compiled',
    purpose: 'steps recorded once and run by ONNX Runtime; what `backend: auto` takes first',
    expected: true,
    advice: 'Run `npm install onnxruntime-node@1.30.0`; it has libraries for Linux, macOS and Windows on x64 and arm64',
  },
  { name: 'wasm', purpose: "tfjs' WebAssembly backend", expected: true, advice: reinstall },
  { name: 'cpu', purpose: "tfjs' plain backend; has every kernel, slow", expected: true, advice: reinstall },
  {
    name: 'node',
    purpose: "TensorFlow's own library through tfjs-node, for `backend: node`",
    expected: false,
    advice: 'Run `polytask native install`',
  },
  {
    name: 'duckdb',
    purpose: 'tables: CSV, Parquet, JSON, SQL',
    expected: true,
    advice: 'Install @polytask/cli anew, without leaving out optional dependencies',
  },
];

/** Tries all that can compute here, one after the other, so that none is short of memory because of another. */
export async function examine(
  folder: string,
  {
    signal,
    told = () => {},
    ask = probe,
  }: { signal?: AbortSignal; told?: (finding: Finding) => void; ask?: typeof probe },
): Promise<Diagnosis> {
  const findings: Finding[] = [];
  for (const { name, purpose, expected, advice } of subjects.filter(isPartOfThis)) {
    const result = await ask(name, { folder, ...(signal && { signal }) });
    if (signal?.aborted) break;
    const finding = { name, purpose, expected, ...result, ...(result.works ? {} : { advice }) };
    findings.push(finding);
    told(finding);
  }
  const works = (name: ProbeName) => findings.some((finding) => finding.name === name && finding.works);
  const faulty = ({ works: fine, expected, missing }: Finding) => !fine && (expected || missing !== true);
  return {
    healthy: !findings.some(faulty),
    auto: (['compiled', 'wasm', 'cpu'] as const).find(works) ?? null,
    machine: {
      polytask: manifest.version,
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
      cores: availableParallelism(),
      memory: { total: totalmem(), free: freemem() },
    },
    findings,
  };
}

/** DuckDB counts where the package for data has it. */
function isPartOfThis({ name }: Subject): boolean {
  if (name !== 'duckdb') return true;
  const file = createRequire(import.meta.url).resolve('@polytask/data/package.json');
  const { dependencies, optionalDependencies } = readManifest<{
    dependencies?: Record<string, string>;
    optionalDependencies?: Record<string, string>;
  }>(dirname(file));
  return '@duckdb/node-api' in { ...dependencies, ...optionalDependencies };
}
