// Tasks that make each other better.

export {};
