// A bounded memory of what dial-backs showed: the newest last, and the oldest forgotten first. Pure.

import { DIAL_BACK_VERDICTS_MAX } from '../limits.js';

export function remember<T>(memory: Map<string, T>, key: string, value: T): void {
  memory.delete(key);
  memory.set(key, value);
  const [oldest] = memory.keys();
  if (memory.size > DIAL_BACK_VERDICTS_MAX && oldest !== undefined) memory.delete(oldest);
}
