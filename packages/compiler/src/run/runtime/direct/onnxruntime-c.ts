import { PolytaskError } from '@polytask/core';
import { type FlushDenormals, openFlushDenormals } from './flush-denormals.js';

/** An address in memory. */
export type Pointer = bigint;

/** ONNX Runtime's C interface, as far as it is used here. Names are those of its documentation. */
export interface OnnxRuntimeC {
  /** The loaded library, which is unloaded when nobody keeps this. */
  readonly handle: unknown;
  /** One environment for the process, whose threads serve every session with `threads` threads. */
  readonly environment: Pointer;
  /** Threads of the environment; undefined where somebody else made it. */
  readonly sharedThreads: number | undefined;
  /** Describes memory of the CPU. */
  readonly cpuMemory: Pointer;
  readonly call: { readonly [name in CFunction]: (...parameters: readonly unknown[]) => Pointer | null };
  /** For whatever computes on the calling thread; the library's own threads flush by themselves. */
  readonly flushDenormals: FlushDenormals;
  /** Throws where a call gave a status that says that it failed. */
  check(status: Pointer | null): void;
  /** Calls a function whose last parameter receives a pointer. */
  make(name: CFunction, ...parameters: readonly unknown[]): Pointer;
}

/**
 * The functions, by their place in the table `OrtApi`, and their parameters. The table only ever grows: the library's own build
 * asserts where its older entries stand, so a place holds for every later version.
 */
const functions = {
  CreateSessionFromArray: [8, ['void *', 'void *', 'size_t', 'void *', 'void *']],
  CreateSessionOptions: [10, ['void *']],
  SetSessionLogSeverityLevel: [22, ['void *', 'int']],
  SetIntraOpNumThreads: [24, ['void *', 'int']],
  SetInterOpNumThreads: [25, ['void *', 'int']],
  CreateTensorWithDataAsOrtValue: [49, ['void *', 'void *', 'size_t', 'void *', 'size_t', 'int', 'void *']],
  CreateCpuMemoryInfo: [69, ['int', 'int', 'void *']],
  CreateEnvWithGlobalThreadPools: [119, ['int', 'str', 'void *', 'void *']],
  DisablePerSessionThreads: [120, ['void *']],
  CreateThreadingOptions: [121, ['void *']],
  AddSessionConfigEntry: [130, ['void *', 'str', 'str']],
  RunWithBinding: [133, ['void *', 'void *', 'void *']],
  CreateIoBinding: [134, ['void *', 'void *']],
  BindInput: [136, ['void *', 'str', 'void *']],
  BindOutput: [137, ['void *', 'str', 'void *']],
  SetGlobalIntraOpNumThreads: [147, ['void *', 'int']],
  SetGlobalInterOpNumThreads: [148, ['void *', 'int']],
  SetGlobalDenormalAsZero: [155, ['void *']],
} as const;

/** Functions that give nothing back. */
const releases = {
  ReleaseStatus: 93,
  ReleaseSession: 95,
  ReleaseValue: 96,
  ReleaseSessionOptions: 100,
  ReleaseThreadingOptions: 122,
  ReleaseIoBinding: 135,
  ClearBoundOutputs: 142,
} as const;

/** Names of the functions. */
export type CFunction = keyof typeof functions | keyof typeof releases;

/** The version of the interface whose table is used; later libraries have it too. */
const apiVersion = 17;

/** Messages below "fatal" are not printed: errors are thrown. */
export const logSeverity = 4;

const opened = new Map<string, OnnxRuntimeC>();

/** Loads the library in a file; once per process. `threads` is what its environment gets, if this is the first use. */
export function openLibrary(koffi: typeof import('koffi'), file: string, threads: number): OnnxRuntimeC {
  const known = opened.get(file);
  if (known !== undefined) return known;
  const handle = koffi.load(file);
  const base = handle.func('OrtGetApiBase', 'void *', [])() as Pointer;
  const [getApi] = pointersAt(koffi, base, 1);
  const api = koffi.call(getApi, koffi.proto('void *', ['uint32']), apiVersion) as Pointer | null;
  if (api === null)
    throw new PolytaskError('POLYTASK_PACKAGE_FAILED', `${file} has no interface of version ${apiVersion}.`);
  const places = pointersAt(koffi, api, 160);
  const bind = (place: number, result: string, parameters: readonly string[]) =>
    koffi.decode(places[place], koffi.proto(result, [...parameters])) as (...parameters: readonly unknown[]) => never;
  const call = Object.fromEntries([
    ...Object.entries(functions).map(([name, [place, parameters]]) => [name, bind(place, 'void *', parameters)]),
    ...Object.entries(releases).map(([name, place]) => [name, bind(place, 'void', ['void *'])]),
  ]) as OnnxRuntimeC['call'];
  const message = bind(2, 'str', ['void *']);
  const check = (status: Pointer | null) => {
    if (status === null || status === 0n) return;
    const text: string = message(status);
    call.ReleaseStatus(status);
    throw new Error(text);
  };
  const make = (name: CFunction, ...parameters: readonly unknown[]): Pointer => {
    const place = new BigUint64Array(1);
    check(call[name](...parameters, place));
    return place[0] as Pointer;
  };
  const flushDenormals = openFlushDenormals(koffi);
  const found = { handle, call, check, make, flushDenormals, ...makeEnvironment({ call, check, make }, threads) };
  const library: OnnxRuntimeC = { ...found, cpuMemory: make('CreateCpuMemoryInfo', 1, 0) };
  opened.set(file, library);
  return library;
}

/** An environment whose threads all sessions share: threads of several sessions would get in each other's way. */
function makeEnvironment({ call, check, make }: Pick<OnnxRuntimeC, 'call' | 'check' | 'make'>, threads: number) {
  const options = make('CreateThreadingOptions');
  try {
    check(call.SetGlobalIntraOpNumThreads(options, threads));
    check(call.SetGlobalInterOpNumThreads(options, 1));
    check(call.SetGlobalDenormalAsZero(options));
    return {
      environment: make('CreateEnvWithGlobalThreadPools', logSeverity, 'polytask', options),
      sharedThreads: threads,
    };
  } finally {
    call.ReleaseThreadingOptions(options);
  }
}

function pointersAt(koffi: typeof import('koffi'), address: Pointer, count: number): readonly Pointer[] {
  return [...new BigUint64Array(koffi.view(address, count * 8))];
}
