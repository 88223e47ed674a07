import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, extname, join } from 'node:path';
import { build } from 'esbuild';

const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

const runtimeFolder = dirname(createRequire(import.meta.url).resolve('onnxruntime-web/wasm'));

/** How the page is bundled. */
export interface BundleOptions {
  /** Packages that are left out, and so are missing in the page. */
  readonly without?: readonly string[];
  /** Whether all code goes into one script that is not a module. */
  readonly classic?: boolean;
}

/** How the page is bundled and served. */
export interface SiteOptions extends BundleOptions {
  /** Whether the page is cross-origin isolated, as threads need it. */
  readonly isolated?: boolean;
  /** Where the runtime's WebAssembly lies; nowhere if undefined. */
  readonly wasmAt?: string;
}

/** The page, bundled as an application would bundle it: the runtime becomes a file of its own, since it is imported when needed. */
export async function bundlePage({ without = [], classic = false }: BundleOptions = {}) {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(import.meta.dirname, 'page.ts')],
    bundle: true,
    splitting: !classic,
    format: classic ? 'iife' : 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    outdir: '/',
    chunkNames: '[name]-[hash]',
    conditions: ['polytask:source'],
    external: [...without],
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  return { files: new Map(outputFiles.map(({ path, contents }) => [path, contents])), metafile };
}

/** Serves the page on the loopback interface. */
export async function serve({ isolated = false, wasmAt, ...options }: SiteOptions) {
  const { files } = await bundlePage(options);
  const script = options.classic === true ? '<script defer' : '<script type="module"';
  const html = `<!doctype html><link rel="icon" href="data:,"><title>Test</title>${script} src="page.js"></script>`;
  const asked: string[] = [];
  const server = createServer(async ({ url = '/' }, response) => {
    const path = new URL(url, 'http://localhost').pathname;
    asked.push(path);
    const body = await found(path);
    if (isolated) {
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    }
    response.writeHead(body === undefined ? 404 : 200, { 'Content-Type': types[extname(path)] ?? 'text/html' });
    response.end(body);
  });
  async function found(path: string): Promise<Uint8Array | string | undefined> {
    if (path === '/') return html;
    if (wasmAt !== undefined && path.startsWith(wasmAt) && /ort-wasm-simd-threaded\.(wasm|mjs)$/.test(path)) {
      return readFile(join(runtimeFolder, path.slice(path.lastIndexOf('/') + 1)));
    }
    return files.get(path);
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    /** Paths that were asked for. */
    asked,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
