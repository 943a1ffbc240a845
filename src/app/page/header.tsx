// The line at the top: which program this is, its rates now, and its limits.

import { change } from './api.js';
import { formatRate } from './figures.js';
import { useAsked } from './looking.js';
import { useLayoutEffect, useRef, useState } from './preact.js';
import type { AboutRow, LimitsRow } from './rows.js';

const LIMITS_MS = 5_000;

interface HeaderProps {
  readonly about: AboutRow;
  readonly rates: { readonly down: number; readonly up: number };
  /** Why what is shown is old. */
  readonly problem: string | undefined;
}

export function Header({ about, rates, problem }: HeaderProps) {
  const limits = useAsked<LimitsRow>('limit', LIMITS_MS);
  return (
    <header>
      <h1>
        <img src="icon.svg" alt="" width="24" height="24" /> Mini-Torrent
      </h1>
      <p class="who">
        {about.address} · {about.version}
      </p>
      <Gauge name="down" rate={rates.down} limit={limits.answer?.down} onChanged={limits.again} />
      <Gauge name="up" rate={rates.up} limit={limits.answer?.up} onChanged={limits.again} />
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}. What is shown may be old.
        </p>
      )}
    </header>
  );
}

interface GaugeProps {
  readonly name: 'down' | 'up';
  readonly rate: number;
  readonly limit: number | undefined;
  readonly onChanged: () => void;
}

function Gauge({ name, rate, limit, onChanged }: GaugeProps) {
  const [typed, setTyped] = useState<string>();
  const [mistake, setMistake] = useState('');
  const form = useRef<HTMLFormElement>(null);
  const isTyping = typed !== undefined;
  const wasTyping = useRef(false);
  // The focus goes into what is opened, and back to what opened it.
  useLayoutEffect(() => {
    if (isTyping) form.current?.querySelector('input')?.focus();
    else if (wasTyping.current) form.current?.querySelector('button')?.focus();
    wasTyping.current = isTyping;
  }, [isTyping]);
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await change('limit', { direction: name, rate: typed === undefined || typed.trim() === '' ? 'off' : typed });
      setTyped(undefined);
      setMistake('');
      onChanged();
    } catch (error) {
      setMistake((error as Error).message);
    }
  };
  const giveUp = (): void => {
    setTyped(undefined);
    setMistake('');
  };
  const shown = limit === undefined ? '' : limit === 0 ? 'no limit' : `at most ${formatRate(limit)}`;
  return (
    <form ref={form} class={`gauge ${name}`} onSubmit={(event) => void send(event)}>
      <span class="rate">
        <span aria-hidden="true">{name === 'down' ? '↓' : '↑'}</span> {formatRate(rate)}
      </span>
      {typed === undefined ? (
        <button
          type="button"
          class="plain"
          onClick={() => setTyped('')}
          aria-label={`${shown}: change the ${name} limit`}
        >
          {shown}
        </button>
      ) : (
        <span class="limit">
          <input
            aria-label={`${name} limit, such as 10M; off for none`}
            placeholder="10M, off"
            size={7}
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
            onKeyDown={(event) => event.key === 'Escape' && giveUp()}
          />
          <button type="submit">Set</button>
        </span>
      )}
      {mistake !== '' && (
        <span class="problem" role="alert">
          {mistake}
        </span>
      )}
    </form>
  );
}
