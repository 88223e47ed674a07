import { expect, it } from 'vitest';
import * as references from '../src/references.js';

it('names authors, title, venue, year and link', () => {
  for (const { authors, title, venue, year, url } of Object.values(references)) {
    for (const text of [authors, title, venue]) expect(text).not.toBe('');
    expect(year).toBeGreaterThan(1990);
    expect(url).toMatch(/^https:\/\//);
  }
});
