/** Calls a function with denormal numbers, those below 1.2e-38, taken as 0 on this thread. */
export type FlushDenormals = <Result>(run: () => Result) => Result;

/** Bits of the processor's control register MXCSR: results that are denormal become 0, inputs that are denormal count as 0. */
const flushToZero = 1 << 15;
const denormalsAreZero = 1 << 6;

/** Where MXCSR lies in the `fenv_t` of Linux on x64, in 32-bit words, and how many words there are. */
const mxcsr = 7;
const words = 8;

/**
 * A processor takes many times as long for a denormal number. They are no rarity: the moments of whatever gets no gradient, such as a
 * unit that has died or the vector of a rare word, fall by a factor in every step, and Adam's first one is denormal after some 800
 * steps and stays so. JavaScript has its numbers on the same thread, so the register is put back at once.
 */
export function openFlushDenormals(koffi: typeof import('koffi')): FlushDenormals {
  const library = koffi.load('libm.so.6');
  const getEnvironment = library.func('fegetenv', 'int', ['void *']);
  const setEnvironment = library.func('fesetenv', 'int', ['void *']);
  const usual = new Uint32Array(words);
  getEnvironment(usual);
  const flushing = usual.slice();
  flushing[mxcsr] = (usual[mxcsr] as number) | flushToZero | denormalsAreZero;
  return (run) => {
    setEnvironment(flushing);
    try {
      return run();
    } finally {
      setEnvironment(usual);
    }
  };
}
