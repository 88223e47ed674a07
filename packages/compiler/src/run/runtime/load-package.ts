import { PolytaskError } from '@polytask/core';

/** The version of ONNX Runtime that this package is tested with. */
const version = '1.30.0';

/**
 * Imports an optional package; throws a {@link PolytaskError} that says what to install where it is missing, or why it cannot
 * be loaded where it is there.
 */
export async function loadPackage<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw packageError(name, cause);
  }
}

function packageError(name: string, cause: unknown): PolytaskError {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (isMissing(name, cause, message)) {
    const hint =
      name === 'onnxruntime-node'
        ? ' Its install script only fetches files for CUDA; where it cannot reach its host, set ONNXRUNTIME_NODE_INSTALL=skip.'
        : '';
    return new PolytaskError(
      'POLYTASK_PACKAGE_MISSING',
      `Compiled programs run on the package \`${name}\` here, but it is not installed. ` +
        `Run \`npm install ${name}@${version}\`, or use the executor \`eager()\`.${hint}`,
      { cause },
    );
  }
  return new PolytaskError(
    'POLYTASK_PACKAGE_FAILED',
    `Compiled programs run on the package \`${name}\` here, which is installed but could not be loaded: ${message} ` +
      `Version ${version} is required; it has no library for every platform. Use the executor \`eager()\` where it has none.`,
    { cause },
  );
}

/** An error of a runtime in a page whose WebAssembly does not start. */
export function startError(cause: unknown): PolytaskError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new PolytaskError(
    'POLYTASK_PACKAGE_FAILED',
    'Compiled programs run on the package `onnxruntime-web` here, but its WebAssembly could not be fetched or started: ' +
      `${message.replace(/[^.]$/, '$&.')} Serve the package's \`dist/ort-wasm-simd-threaded.wasm\` (type application/wasm) beside ` +
      'the script that the package ended up in, or this file and the `.mjs` of that name in a folder that the option `wasmPaths` ' +
      'names; or use the executor `eager()`.',
    { cause },
  );
}

/** Whether the package itself was not found; a file of its own that is missing (a platform's library) is another matter. */
function isMissing(name: string, cause: unknown, message: string): boolean {
  const { code } = (cause ?? {}) as { code?: string };
  const notFound = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  return (
    (notFound && new RegExp(`['"\`]${name}(/\\w+)?['"\`]`).test(message)) ||
    /specifier|Failed to resolve|does not resolve/.test(message)
  );
}
