import { Option } from 'commander';

/** By which a person says where else code may come from. */
export function pluginsOption(): Option {
  return new Option('--plugins <folder>', 'parts may be loaded from this folder too; may be given again').argParser(
    (value: string, before: readonly string[] = []) => [...before, value],
  );
}
