import type { Encoder, HeadOption, SharingStrategy } from '@polytask/core';
import { type Branch, branchedSharing, hardSharing } from '@polytask/hard-sharing';
import * as z from 'zod';
import { byName, list, mapping, most, text, whole } from '../config/words.js';
import { encoderSchema } from './encoders.js';
import { ownPart, partSchema, partTable } from './part-table.js';

const byTask = byName(text("a task's name"), encoderSchema, 'encoders by task name', most.tasks);

const head: z.ZodType<HeadOption> = z
  .union([encoderSchema, byTask])
  .describe("Hidden layers of the tasks' heads: one encoder for all, or encoders by task name. Default: none.");

const adapters: z.ZodType<{ readonly [task: string]: Encoder }> = byTask.describe(
  'Encoders by task name, before the shared one, for tasks whose inputs have other shapes. Default: none.',
);

const branch: z.ZodType<Branch | string> = z.lazy(() =>
  z.union([z.string({ error: "a task's name" }), tree], { error: "a task's name, or { stages, branches }" }),
);

const tree: z.ZodType<Branch> = mapping({
  stages: whole(0, most.layers).describe('How many stages of the encoder the tasks below have in common.'),
  branches: list(branch, 'branches', 1, most.tasks).describe('Task names, and groups that part later.'),
});

/** Sharing strategies by their short names. */
export const sharings = partTable('sharing strategy', ['sharing'], {
  'hard-sharing': ownPart(
    'One trunk for all tasks, one head per task.',
    {
      encoder: encoderSchema.describe('The trunk, shared by all tasks.'),
      head: head.exactOptional(),
      adapters: adapters.exactOptional(),
    },
    hardSharing,
  ),
  'branched-sharing': ownPart(
    'A trunk that parts into branches: tasks share some stages, then go on in groups.',
    {
      encoder: encoderSchema.describe('Cut into branches stage by stage.'),
      tree: tree.describe('Which tasks go how many stages together.'),
      head: head.exactOptional(),
      adapters: adapters.exactOptional(),
    },
    branchedSharing,
  ),
});

/** Where a sharing strategy may stand. */
export const sharingSchema = partSchema<SharingStrategy>(sharings, 'sharing');
