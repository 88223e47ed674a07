import { activationNames, convNet, type Encoder, type FusionColumn, fusion, mlp, tabular } from '@polytask/core';
import * as z from 'zod';
import { byName, flag, list, mapping, most, share, text, whole, widths } from '../config/words.js';
import { layersFile } from './layers-file.js';
import { ownPart, partSchema, partTable } from './part-table.js';

const activation = z.enum(activationNames).exactOptional().describe('After every layer. Default relu.');
const dropout = share().exactOptional().describe('Share of the outputs that become 0 in training. Default 0.');
const batchNorm = flag().exactOptional().describe('Normalise before every activation. Default false.');
const flatten = flag().exactOptional().describe('Make one vector of every row first. Default true.');
const units = widths().exactOptional().describe('Widths of dense layers that follow. Default none.');
const names = list(text('a name'), 'input names');
const oneName = list(text('a name'), 'input names', 1);

/** Encoders by their short names. */
export const encoders = partTable('encoder', ['encoder'], {
  mlp: ownPart(
    'Dense layers.',
    { units: widths().describe('Width of every layer.'), activation, dropout, batchNorm, flatten },
    ({ units, ...options }) => mlp(units, options),
  ),
  'conv-net': ownPart(
    'Convolutions with pooling, then dense layers; for images.',
    {
      filters: widths(1).exactOptional().describe('Channels of every convolution. Default [10, 20].'),
      kernelSize: whole(1, most.side).exactOptional().describe('Side of every window. Default 5.'),
      padding: z.enum(['valid', 'same']).exactOptional().describe('Default valid: no padding.'),
      pool: whole(1, most.side).exactOptional().describe('Side of the square whose maximum follows. Default 2.'),
      dense: widths().exactOptional().describe('Widths of the dense layers at the end. Default [50].'),
      activation,
      batchNorm,
      dropout,
    },
    convNet,
  ),
  tabular: ownPart(
    'Numbers as they are and categories as learned vectors, then dense layers.',
    {
      numeric: names.exactOptional().describe('Inputs that hold numbers. Default: all without categories.'),
      categorical: names.exactOptional().describe('Inputs that hold category ids. Default: all with categories.'),
      embeddingSize: whole(1, most.width)
        .exactOptional()
        .describe('Length of the vectors. Default: by the number of categories.'),
      units,
      activation,
      dropout,
      batchNorm,
    },
    tabular,
  ),
  fusion: ownPart(
    'An encoder per input, put together.',
    {
      columns: byName(
        text('a name'),
        z.lazy(() => fusionColumn),
        'encoders by the name of their input',
        most.layers,
      ).describe('By input: its encoder; or by any name: { inputs: [names], encoder }.'),
      combine: z.enum(['concat', 'sum', 'mean']).exactOptional().describe('How features become one. Default concat.'),
      units,
      activation,
      dropout,
      batchNorm,
      flatten,
    },
    ({ columns, ...options }) => fusion(columns, options),
  ),
  'layers-model': ownPart(
    'A model that tfjs saved (model.json and its weights), pretrained or not.',
    {
      file: text('the path of a model.json').describe('Path of model.json, from the folder of this file.'),
      output: text('the name of a layer')
        .exactOptional()
        .describe("Layer to take features from. Default: the model's output."),
    },
    layersFile,
  ),
});

/** Where an encoder may stand. */
export const encoderSchema = partSchema<Encoder>(encoders, 'encoder');

const fusionColumn: z.ZodType<Encoder | FusionColumn> = z.union([
  encoderSchema,
  mapping({ inputs: oneName, encoder: encoderSchema }, 'an encoder, or { inputs, encoder }'),
]);
