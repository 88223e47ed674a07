/** What a configuration, or `--backend`, can name. */
export const backendChoices = ['auto', 'compiled', 'wasm', 'cpu', 'node'] as const;
