import { defineConfig } from 'tsup';
import { parts } from '../../tsup.base.js';

export default defineConfig(parts());
