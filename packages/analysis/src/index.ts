// How tasks are related, and what follows from it.

export {};
