// When the page asks: again and again while somebody sees it, and never while it is hidden. An answer that comes after
// the next question began, or after the page was hidden, is dropped.

import { ask } from './api.js';
import { useEffect, useRef, useState } from './preact.js';

export interface Asked<T> {
  readonly answer: T | undefined;
  /** Why there is no newer answer; undefined when there is. */
  readonly problem: string | undefined;
  /** Asks now. */
  readonly again: () => void;
}

/**
 * @param question undefined: nothing is asked. @param everyMs pause between an answer and the next question; may depend
 * on the answer.
 */
export function useAsked<T>(
  question: string | undefined,
  everyMs: number | ((answer: T) => number),
  values: Readonly<Record<string, string>> = {},
): Asked<T> {
  const [state, setState] = useState<{ answer: T | undefined; problem: string | undefined }>({
    answer: undefined,
    problem: undefined,
  });
  const again = useRef<() => void>(() => undefined);
  const pauseOf = useRef(everyMs);
  pauseOf.current = everyMs;
  useEffect(() => {
    setState({ answer: undefined, problem: undefined });
    if (question === undefined) return undefined;
    return whileSeen(again, async (isCurrent) => {
      let answer: T | undefined;
      try {
        answer = await ask<T>(question, values);
        if (isCurrent()) setState({ answer, problem: undefined });
      } catch (error) {
        if (isCurrent()) setState(({ answer: before }) => ({ answer: before, problem: (error as Error).message }));
      }
      return pauseAfter(pauseOf.current, answer);
    });
  }, [question, JSON.stringify(values)]);
  return { ...state, again: () => again.current() };
}

/** Without an answer there is nothing that costs much. */
const UNANSWERED_MS = 1_000;

function pauseAfter<T>(everyMs: number | ((answer: T) => number), answer: T | undefined): number {
  if (typeof everyMs === 'number') return everyMs;
  return answer === undefined ? UNANSWERED_MS : everyMs(answer);
}

/** Runs `look` at once, and again as many milliseconds after it ended as it says, as long as the page is visible. */
function whileSeen(again: { current: () => void }, look: (isCurrent: () => boolean) => Promise<number>): () => void {
  let round = 0;
  let timer = 0;
  const stop = (): void => {
    round += 1;
    clearTimeout(timer);
  };
  const start = async (): Promise<void> => {
    stop();
    const own = round;
    if (document.hidden) return;
    const pauseMs = await look(() => own === round);
    if (own === round) timer = setTimeout(() => void start(), pauseMs);
  };
  const seen = (): void => {
    if (document.hidden) stop();
    else void start();
  };
  again.current = () => void start();
  document.addEventListener('visibilitychange', seen);
  void start();
  return () => {
    stop();
    document.removeEventListener('visibilitychange', seen);
  };
}
