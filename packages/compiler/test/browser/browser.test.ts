// Trains in a real browser, as `npm test` does wherever a Chromium is installed.
import { gzipSync } from 'node:zlib';
import { decodeCheckpoint, eager } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import type { Browser, Page as BrowserPage } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, startChromium } from './chromium.js';
import type { Page } from './page.js';
import { evaluate, type ModelName, startTrainer, train } from './runs.js';
import { bundlePage, type SiteOptions, serve } from './serve.js';

type Trained = Awaited<ReturnType<typeof train>>;

if (chromiumPath === undefined) {
  console.warn(
    'Skipped: training in a page, for want of a Chromium (`apt-get install chromium`, or its path in CHROMIUM).',
  );
}

describe.skipIf(chromiumPath === undefined)('in Chromium', () => {
  let browser: Browser;
  const expected = {} as Record<ModelName, Trained>;
  const open: { close(): Promise<unknown> }[] = [];

  beforeAll(async () => {
    await tf.setBackend('cpu');
    browser = await startChromium();
    for (const model of ['mlp', 'convNet'] as const) expected[model] = await train(model, eager());
  });
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });
  afterAll(() => browser?.close());

  /** Serves the page, opens it, and gives what calls its functions. */
  async function visit(options: SiteOptions) {
    const site = await serve(options);
    open.push(site);
    const page = await browser.newPage();
    open.push(page);
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(site.url);
    await page.waitForFunction(() => 'page' in globalThis);
    return { site, page, errors, call: callerOf(page) };
  }

  test.each([
    ['mlp', true],
    ['mlp', false],
    ['convNet', true],
    ['convNet', false],
  ] as const)('a compiled %s learns what it learns in Node; threads: %s', async (model, isolated) => {
    const { page, errors, call } = await visit({ isolated, wasmAt: '/' });
    expect(await page.evaluate(() => globalThis.crossOriginIsolated)).toBe(isolated);
    const found = await call('compiled', model, 2);
    expect({ errors, fallbacks: found.fallbacks, leaked: found.leaked }).toEqual({
      errors: [],
      fallbacks: [],
      leaked: 0,
    });
    expectClose(found, expected[model]);
    // Its threads are workers of the page; without isolation there are none, and one thread does all.
    expect(page.workers().length > 0).toBe(isolated);

    const here = await startTrainer(model, eager());
    await here.restore(await decodeCheckpoint(Buffer.from(found.checkpoint, 'base64')));
    expectSameLosses([await evaluate(model, here)], [found.scores]);
    here.dispose();
  });

  test('`wasmPaths` says where the WebAssembly lies, and lets a single script have threads', async () => {
    const { site, page, call } = await visit({ isolated: true, wasmAt: '/runtime/files/', classic: true });
    const found = await call('compiled', 'mlp', 2, `${site.url}runtime/files/`);
    expectClose(found, expected.mlp);
    expect(site.asked).toContain('/runtime/files/ort-wasm-simd-threaded.wasm');
    expect(page.workers().length).toBe(1);
  });

  test('`auto()` takes the compiled executor', async () => {
    const { call } = await visit({ wasmAt: '/' });
    const found = await call('auto', 'mlp');
    expect(found.told).toEqual(['Executor: compiled, since `onnxruntime-web` is installed.']);
    expectClose(found, expected.mlp);
  });

  test('says what to serve where the WebAssembly is not there, and `auto()` goes on eagerly', async () => {
    const { call } = await visit({});
    const { code, message } = await call('refusal');
    expect(code).toBe('POLYTASK_PACKAGE_FAILED');
    expect(message).toMatch(
      /could not be fetched or started: .*Serve the package's `dist\/ort-wasm-simd-threaded\.wasm`/s,
    );
    const { told, backend } = await call('auto', 'mlp');
    expect(['webgl', 'cpu']).toContain(backend);
    expect(told).toEqual([
      expect.stringMatching(`^Executor: eager on the ${backend} backend, since .*could not be fetched`),
    ]);
  });

  test('says what to install where the runtime is not in the bundle, and `auto()` goes on eagerly', async () => {
    const { call } = await visit({ without: ['onnxruntime-web/wasm'] });
    const { code, message } = await call('refusal');
    expect(code).toBe('POLYTASK_PACKAGE_MISSING');
    expect(message).toContain('`npm install onnxruntime-web@');
    const { told, backend } = await call('auto', 'mlp');
    expect(told).toEqual([`Executor: eager on the ${backend} backend, since \`onnxruntime-web\` is not installed.`]);
  });
});

// 110 kB until parts were described (their options, papers and checks) and contracts widened (observers, guards).
test('what a page loads of ours takes less than 112 kB compressed, and nothing of Node', async () => {
  const { files, metafile } = await bundlePage({ without: ['@tensorflow/tfjs', 'onnxruntime-web/wasm'] });
  // The runtime for Node is a file of its own, which no page asks for.
  const forNode = Object.entries(metafile.outputs)
    .filter(([, { inputs }]) => Object.keys(inputs).some((path) => path.endsWith('compiler/src/run/runtime/node.ts')))
    .map(([path]) => path);
  expect(forNode).toHaveLength(1);
  const loaded = [...files].filter(([path]) => !forNode.some((one) => one.endsWith(path)));
  expect(loaded).toHaveLength(files.size - 1);
  const sizes = loaded.map(([, contents]) => gzipSync(contents, { level: 9 }).length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(112_000);
  const imported = Object.values(metafile.outputs).flatMap((output) => output.imports);
  const outside = imported.filter(({ external }) => external).map(({ path }) => path);
  expect([...new Set(outside)].sort()).toEqual(['@tensorflow/tfjs', 'onnxruntime-web/wasm']);
});

/** Calls a function of the page by name. */
function callerOf(page: BrowserPage) {
  return <Name extends keyof Page>(name: Name, ...args: Parameters<Page[Name]>): ReturnType<Page[Name]> =>
    page.evaluate(
      ([called, given]) =>
        // biome-ignore lint/suspicious/noExplicitAny: types do not travel into the page.
        (globalThis as any).page[called](...given),
      [name, args] as const,
    ) as ReturnType<Page[Name]>;
}

function expectClose(found: Omit<Trained, 'checkpoint'>, expected: Trained): void {
  const rows = ({ left, right }: Trained['losses']) => left.map((loss, epoch) => ({ left: loss, right: right[epoch] }));
  expectSameLosses(rows(found.losses), rows(expected.losses));
  expectSameLosses([found.scores], [expected.scores]);
}

/** Both tasks' losses within 1e-4 of each other. */
function expectSameLosses(
  found: { left: number; right: number | undefined }[],
  expected: { left: number; right: number | undefined }[],
): void {
  expect(found.length).toBe(expected.length);
  expect(found.length).toBeGreaterThan(0);
  found.forEach((losses, i) => {
    for (const task of ['left', 'right'] as const) {
      const [a, b] = [losses[task] as number, expected[i]?.[task] as number];
      expect(Math.abs(a - b) / b, `${task}, ${i}`).toBeLessThan(1e-4);
    }
  });
}
