import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The browser that is installed here, or nothing. `CHROMIUM` names another one. */
export const chromiumPath = [
  process.env.CHROMIUM ?? '',
  ...(process.env.PATH ?? '').split(delimiter).flatMap((folder) => names.map((name) => join(folder, name))),
].find(isExecutable);

/** Starts it without a window, and without anything that would go out to the network. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath as string,
    args: [
      // Its sandbox needs rights that containers and root have not; the only page it sees is ours.
      '--no-sandbox',
      ...['--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update'],
      '--disable-sync',
    ],
  });
}

function isExecutable(path: string): boolean {
  if (path === '') return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
