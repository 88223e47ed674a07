import { defineConfig } from 'tsup';
import { methods } from '../../tsup.base.js';

export default defineConfig(methods());
