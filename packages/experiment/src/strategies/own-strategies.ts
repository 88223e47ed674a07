import * as z from 'zod';
import { most } from '../config/words.js';
import { partTables } from '../parts/names.js';
import type { PartTable } from '../parts/part-table.js';
import type { Strategy, StrategyOption } from './strategy.js';

/** As much of JSON Schema as our options have. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema | readonly Schema[];
  readonly additionalProperties?: Schema | boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
}

/** Everything with a short name, as the tables that check run files have it. */
export function ownStrategies(): Strategy[] {
  return partTables.flatMap((table) =>
    [...table.parts].map(([name, { schema }]) => {
      const json = z.toJSONSchema(schema, { target: 'draft-7', io: 'input' }) as Schema;
      const options = Object.entries(json.properties ?? {})
        .filter(([option]) => option !== table.key)
        .map(([option, value]) => describeOption(option, value, json.required?.includes(option) === true));
      return { name, role: table.role, key: keyOf(table), summary: json.description ?? '', options };
    }),
  );
}

/** Where the parts of a table stand in a run file. */
function keyOf({ key, role }: PartTable): string {
  const places: Readonly<Record<string, string>> = {
    'data set': 'data',
    task: 'tasks',
    'sharing strategy': 'sharing',
    encoder: 'encoder, head',
    'balancing strategy': 'balancing',
    optimizer: 'optimizer',
    'learning rate schedule': 'schedule',
    'mixing policy': 'data.mixing',
  };
  const place = places[role] ?? role;
  return key === 'type' ? `${place}: [{ type }]` : `${place}: { use }`;
}

/** Where our descriptions say a default, they say it like this. */
const defaultWords = /\s*\bDefault:? (.+?)[.;](?=\s|$)/;

function describeOption(name: string, schema: Schema, required: boolean): StrategyOption {
  // A reference keeps its own description behind allOf.
  const text = schema.description ?? '';
  const written = defaultWords.exec(text)?.[1];
  const standard = schema.default === undefined ? written : JSON.stringify(schema.default);
  return {
    name,
    type: describeType(schema),
    required,
    ...(standard === undefined ? {} : { default: standard }),
    description: text.replace(defaultWords, '').trim(),
  };
}

/** What a schema takes, in a few words. */
function describeType(schema: Schema): string {
  const { $ref, type, enum: values, anyOf, oneOf, allOf, items, additionalProperties, properties } = schema;
  if ($ref !== undefined) return $ref.slice($ref.lastIndexOf('/') + 1).replace(/^__.*/, 'see the schema');
  if (allOf?.length === 1) return describeType(allOf[0] as Schema);
  if (schema.const !== undefined) return String(schema.const);
  if (values !== undefined) return values.join(', ');
  const branches = anyOf ?? oneOf;
  if (branches !== undefined) return [...new Set(branches.map(describeType))].join(', or ');
  if (type === 'array') {
    if (Array.isArray(items)) return `a list of ${items.length}`;
    return `a list of: ${items === undefined ? 'anything' : describeType(items as Schema)}`;
  }
  if (type === 'object') {
    if (properties !== undefined) return `{ ${Object.keys(properties).join(', ')} }`;
    return `by name: ${typeof additionalProperties === 'object' ? describeType(additionalProperties) : 'anything'}`;
  }
  if (type === 'boolean') return 'true or false';
  if (type === 'string') return 'a text';
  if (type === 'integer' || type === 'number') return describeNumber(schema);
  return 'anything';
}

function describeNumber({ type, minimum, exclusiveMinimum, maximum, exclusiveMaximum }: Schema): string {
  const what = type === 'integer' ? 'a whole number' : 'a number';
  const from = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? '' : ` from ${minimum}`;
  const above = exclusiveMinimum === undefined ? '' : ` above ${exclusiveMinimum}`;
  const to = maximum === undefined || maximum >= most.count ? '' : ` to ${maximum}`;
  const below = exclusiveMaximum === undefined ? '' : ` to below ${exclusiveMaximum}`;
  return `${what}${from}${above}${to}${below}`;
}
