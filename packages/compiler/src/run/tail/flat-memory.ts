/** Vectors in one memory that WebAssembly reads and writes where they lie. */
export interface FlatMemory {
  /** Numbers in a vector. */
  readonly size: number;
  /** Bytes from one vector to the next: whole groups of four numbers, so that those behind the end may be worked on too. */
  readonly stride: number;
  readonly memory: WebAssembly.Memory;
  /** A vector that nobody else has; undefined where all are taken. What it holds is left from before. */
  allocate(): Float32Array | undefined;
  /** Gives a vector back; an array that lies elsewhere is left alone. */
  release(vector: object): void;
  /** Where a vector lies, in bytes; undefined for an array that lies elsewhere. */
  placeOf(vector: { readonly buffer: ArrayBufferLike; readonly byteOffset: number }): number | undefined;
  /** Vectors for what is needed during a run only: number `i` is the same for everybody. */
  scratch(i: number): Float32Array;
  /** Runs something that uses vectors for a moment, when nobody else does. */
  alone<Result>(run: () => Promise<Result>): Promise<Result>;
}

/** Vectors that are given to one owner each. Memory is used from the first write on. */
const owned = 16;

/** Vectors that everybody uses for a moment. */
export const mostScratch = 16;

/** Shorter vectors are not worth while; of longer ones too few would fit. */
const shortest = 4096;
const mostBytes = 2 ** 30;

const page = 2 ** 16;

/** Memory for vectors of `size` numbers; undefined where they are too short or too long, or the machine gives no memory. */
export function createFlatMemory(size: number): FlatMemory | undefined {
  const stride = 16 * Math.ceil(size / 4);
  const bytes = stride * (owned + mostScratch);
  if (size < shortest || bytes > mostBytes) return undefined;
  const pages = Math.ceil(bytes / page);
  let memory: WebAssembly.Memory;
  try {
    memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch {
    return undefined;
  }
  const { buffer } = memory;
  // The same object for the same place: what runtimes make of an array is remembered per object.
  const vectors: Float32Array[] = [];
  const vectorAt = (i: number) => {
    vectors[i] ??= new Float32Array(buffer, i * stride, size);
    return vectors[i];
  };
  const free = Array.from({ length: owned }, (_, i) => owned - 1 - i);
  let busy: Promise<unknown> | undefined;
  return {
    size,
    stride,
    memory,
    allocate() {
      const i = free.pop();
      return i === undefined ? undefined : vectorAt(i);
    },
    release(vector) {
      const { buffer: of, byteOffset } = vector as Float32Array;
      if (of === buffer) free.push(byteOffset / stride);
    },
    placeOf: ({ buffer: of, byteOffset }) => (of === buffer ? byteOffset : undefined),
    scratch(i) {
      if (i >= mostScratch)
        throw new RangeError(`A run has ${mostScratch} vectors for a moment, but number ${i} was wanted.`);
      return vectorAt(owned + i);
    },
    async alone(run) {
      while (busy !== undefined) await busy.catch(() => undefined);
      const running = run();
      busy = running;
      try {
        return await running;
      } finally {
        busy = undefined;
      }
    },
  };
}
