// When the page asks: again and again while somebody sees it, and never while it is hidden. An answer that comes after
// the next question began, or after the page was hidden, is dropped. Questions are asked at the same moments and their
// answers shown together, since each time that something is shown costs the browser a frame.

import { type Answer, askAgain } from './api.js';
import { useCallback, useEffect, useRef, useState } from './preact.js';

export interface Asked<T> {
  readonly answer: T | undefined;
  /** Why there is no newer answer; undefined when there is. */
  readonly problem: string | undefined;
  /** Asks now. */
  readonly again: () => void;
}

interface Heard<T> {
  readonly answer: Answer<T> | undefined;
  readonly problem: string | undefined;
}

/**
 * @param question undefined: nothing is asked. @param everyMs between two questions; may depend on the answer.
 * @param heard is told each answer, also one that is as the one before.
 */
export function useAsked<T>(
  question: string | undefined,
  everyMs: number | ((answer: T) => number),
  values: Readonly<Record<string, string>> = {},
  heard: (answer: T) => void = () => undefined,
): Asked<T> {
  const [state, setState] = useState<Heard<T>>({ answer: undefined, problem: undefined });
  const again = useRef<() => void>(() => undefined);
  const latest = useRef({ everyMs, heard });
  latest.current = { everyMs, heard };
  useEffect(() => {
    const shown = (next: Heard<T>): void =>
      setState((now) => (now.answer === next.answer && now.problem === next.problem ? now : next));
    let before: Answer<T> | undefined;
    shown({ answer: undefined, problem: undefined });
    if (question === undefined) return undefined;
    return whileSeen(again, async (isCurrent) => {
      const show = together.begin();
      try {
        const answer = await askAgain<T>(question, values, before);
        before = answer;
        show(() => {
          if (!isCurrent()) return;
          shown({ answer, problem: undefined });
          latest.current.heard(answer.value);
        });
        return pauseAfter(latest.current.everyMs, answer.value);
      } catch (error) {
        show(() => isCurrent() && shown({ answer: before, problem: (error as Error).message }));
        return pauseAfter(latest.current.everyMs, undefined);
      }
    });
  }, [question, JSON.stringify(values)]);
  return { answer: state.answer?.value, problem: state.problem, again: useCallback(() => again.current(), []) };
}

/** How long an answer waits for those that were asked for at the same moment. A person takes it for at once. */
const HELD_MAX_MS = 50;

/** Shows answers together once nothing is being asked, or the first of them has waited long enough. */
class Together {
  #asking = 0;
  #held: (() => void)[] = [];
  #timer: number | undefined;

  /** A question was asked. @returns what shows its answer; called once. */
  begin(): (show: () => void) => void {
    this.#asking += 1;
    return (show) => {
      this.#asking -= 1;
      this.#held.push(show);
      if (this.#asking === 0) this.#show();
      else this.#timer ??= setTimeout(() => this.#show(), HELD_MAX_MS);
    };
  }

  #show(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const held = this.#held;
    this.#held = [];
    for (const show of held) show();
  }
}

const together = new Together();

/** Without an answer there is nothing that costs much. */
const UNANSWERED_MS = 1_000;

function pauseAfter<T>(everyMs: number | ((answer: T) => number), answer: T | undefined): number {
  if (typeof everyMs === 'number') return everyMs;
  return answer === undefined ? UNANSWERED_MS : everyMs(answer);
}

/** Until the next of the moments that are a multiple of `everyMs` apart, but not until one that is almost here. */
function untilNext(everyMs: number): number {
  const nowMs = performance.now();
  return Math.ceil((nowMs + everyMs / 2) / everyMs) * everyMs - nowMs;
}

/** Runs `look` at once, and then as often as it says, as long as the page is visible. */
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
    const everyMs = await look(() => own === round);
    if (own === round) timer = setTimeout(() => void start(), untilNext(everyMs));
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
