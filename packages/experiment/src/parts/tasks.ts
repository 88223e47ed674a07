import {
  type AnyTask,
  binary,
  classification,
  denseClassification,
  InvalidOptionError,
  multiLabel,
  regression,
} from '@polytask/core';
import * as z from 'zod';
import { flag, list, positive, share, text, whole, widths } from '../config/words.js';
import { ownPart, partSchema, partTable } from './part-table.js';

const nameWords = 'a name without slashes';

const common = {
  name: z
    .string({ error: nameWords })
    .regex(/^[^/\p{Cc}]+$/u, { error: nameWords })
    .describe('Name of the task; also its target column, unless `column` says otherwise.'),
  column: text("a column's name").exactOptional().describe("Target column in the data. Default: the task's name."),
  inputs: list(text("an input's name"), 'input names', 1)
    .exactOptional()
    .describe('Inputs that the task reads. Default: all of the data.'),
};

const columns = list(text("a column's name"), 'column names', 1)
  .exactOptional()
  .describe('Columns of a table that are one label together, instead of `column`.');

/** Classes or labels of one task; every one is an output of the model. */
const mostNames = 100_000;

/** Either how many there are, or what they are called. */
const counted = (least: number, what: string) => {
  const error = `a whole number from ${least} to ${mostNames}, or a list of so many ${what}`;
  return z.union([
    z.int({ error }).min(least, { error }).max(mostNames, { error }),
    z.array(text('a name'), { error }).min(least, { error }).max(mostNames, { error }),
  ]);
};

const classWeights = z
  .union([z.literal('balanced'), z.array(z.number({ error: 'a number' }), { error: 'balanced, or a list of numbers' })])
  .exactOptional()
  .describe('Factors on rows by their class, or balanced. Default: none.');

const threshold = share().exactOptional().describe('Probability from which on the answer is yes. Default 0.5.');

/** Kinds of tasks by their short names. */
export const taskTypes = partTable(
  'task',
  ['task'],
  {
    classification: ownPart(
      'One of several classes per row.',
      {
        ...common,
        classes: counted(2, 'class names')
          .exactOptional()
          .describe('Number of classes, or their names. Default for tables: those that training rows have.'),
        classWeights,
        labelSmoothing: share().exactOptional().describe('Share of every target that is spread evenly. Default 0.'),
      },
      ({ name, classes, ...options }) => {
        if (classes !== undefined) return classification(name, { ...options, classes });
        throw new InvalidOptionError(
          'classes',
          'a number of classes, or their names; only a table finds them out',
          classes,
        );
      },
    ),
    binary: ownPart(
      'A yes or no per row.',
      {
        ...common,
        labels: z
          .tuple([text('a name'), text('a name')], { error: 'two names, of the negative and the positive answer' })
          .exactOptional()
          .describe('Names of the negative and the positive answer.'),
        threshold,
        positiveWeight: z
          .union([z.literal('balanced'), positive()])
          .exactOptional()
          .describe('Factor on positive rows, or balanced. Default 1.'),
      },
      ({ name, ...options }) => binary(name, options),
    ),
    'multi-label': ownPart(
      'Several yes-or-no labels per row.',
      {
        ...common,
        columns,
        labels: counted(1, 'label names')
          .exactOptional()
          .describe('Number of labels, or their names. Default: `columns`.'),
        threshold,
      },
      ({ name, columns: names, labels = names, ...options }) => {
        if (labels !== undefined) return multiLabel(name, { ...options, labels });
        throw new InvalidOptionError('labels', 'a number of labels, or their names; or `columns` of a table', labels);
      },
    ),
    regression: ownPart(
      'A number, or several, per row.',
      {
        ...common,
        columns,
        loss: z.enum(['mse', 'mae', 'huber']).exactOptional().describe('What an error costs. Default mse.'),
        delta: positive().exactOptional().describe("Where Huber's loss turns from square to size. Default 1."),
        standardize: flag().exactOptional().describe('Whether the loss sees standardised targets. Default true.'),
        size: whole(1).exactOptional().describe('Length of vector targets. Default: a single number.'),
        unit: text('a unit').exactOptional().describe('Unit of the target, for reports.'),
      },
      ({ name, columns: names, ...options }) =>
        regression(name, { ...(names === undefined ? {} : { size: names.length }), ...options } as { size: number }),
    ),
    'dense-classification': ownPart(
      'A class at every position of a row: per token, per pixel.',
      {
        ...common,
        classes: counted(2, 'class names').describe('Number of classes, or their names.'),
        positions: widths(1).describe("Shape of one row's target: [48] for 48 tokens."),
        classWeights,
      },
      ({ name, ...options }) => denseClassification(name, options),
    ),
  },
  'type',
);

/** Where a task may stand. */
export const taskSchema = partSchema<AnyTask>(taskTypes, 'task');
