import { PolytaskError } from '@polytask/core';

/** An error of the runtime while a model runs, in the user's terms; the runtime's own error is its cause. */
export function runError(name: string, cause: unknown): PolytaskError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const operator = /while running (\w+) node/.exec(message)?.[1];
  const place = operator === undefined ? '' : ` in ${operator}`;
  const status = statusOf(message);
  const index = outOfRange(status);
  if (index !== undefined) {
    const found = index.found === undefined ? '' : `: it is ${index.found}`;
    const range = index.most === undefined ? '' : ` where 0 to ${index.most} is allowed`;
    return new PolytaskError(
      'POLYTASK_INDEX_OUT_OF_RANGE',
      `An index that ${subject(name)} uses${place} is out of range${found}${range}. ` +
        'Check that ids, categories and class numbers in the batch are below the sizes that the model was built with.',
      { cause },
    );
  }
  if (/bad_alloc|[Ff]ailed to allocate|out of memory|OOM/.test(message)) {
    return new PolytaskError(
      'POLYTASK_OUT_OF_MEMORY',
      `${capital(subject(name))} needs more memory than there is${place}. Use a smaller batch or a smaller model.`,
      { cause },
    );
  }
  return new PolytaskError(
    'POLYTASK_RUN_FAILED',
    `${capital(subject(name))} failed${place}: ${status} ` +
      'If the executor `eager()` runs the same code, please report this.',
    { cause },
  );
}

/** An error of the runtime while a model is opened. */
export function openError(name: string, cause: unknown): PolytaskError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new PolytaskError(
    'POLYTASK_MODEL_REFUSED',
    `ONNX Runtime refuses ${subject(name)}: ${statusOf(message)} ` +
      'If the executor `eager()` runs the same code, please report this.',
    { cause },
  );
}

/** How a message calls a model. */
export function subject(name: string): string {
  return name === '' ? 'the compiled program' : `the compiled program \`${name}\``;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What went wrong, without the runtime's codes, source files and C++ conditions. */
function statusOf(message: string): string {
  return message
    .replace(/^.*(Status Message|ERROR_MESSAGE): /s, '')
    .replace(/^\S+\.(h|cc):\d+ (.* was false\. )?/, '')
    .trim()
    .replace(/[^.]$/, '$&.');
}

/** Reads the messages of Gather and ScatterElements, of GatherND and ScatterND, and of GatherElements, which names no number. */
function outOfRange(status: string): { found?: string; most?: string } | undefined {
  const bounded = /idx=(?<found>-?\d+) must be within the inclusive range \[-?\d+,(?<most>\d+)\]/.exec(status);
  const bare = /invalid (?:indice|index) found, (?:indice|index) = (?<found>-?\d+)/.exec(status);
  return (bounded ?? bare ?? /(?:Out of range value in index|Index out of range)(?<found>\d+)?/.exec(status))?.groups;
}
