// How long a test waits for what must come. It ends what hangs and measures nothing, so a busy machine breaks no test.

export const PATIENCE_MS = 60_000;
