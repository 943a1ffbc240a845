// The focus of the keyboard in the list of files, whose rows move, change their buttons and go: it goes with its row,
// or to the one that took its place, and never to the begin of the page.

import { useEffect, useLayoutEffect, useRef } from './preact.js';

/** What names a row in the page. */
export const ROW = 'data-file';
/** Where a person begins again when no row is left. */
export const LINK_ID = 'link';

interface Place {
  readonly element: HTMLElement;
  readonly path: string;
  readonly label: string;
  /** Of its row among the rows. */
  readonly at: number;
}

/** To be used where the rows are made: looks after each time that they were made anew. */
export function useKeptFocus(): void {
  const last = useRef<Place | undefined>(undefined);
  useEffect(() => {
    const heard = ({ target }: FocusEvent): void => {
      last.current = target instanceof HTMLElement ? placeOf(target) : undefined;
    };
    // Who clicks beside everything wants no focus.
    const clicked = (): void => {
      last.current = undefined;
    };
    document.addEventListener('focusin', heard);
    document.addEventListener('pointerdown', clicked);
    return () => {
      document.removeEventListener('focusin', heard);
      document.removeEventListener('pointerdown', clicked);
    };
  }, []);
  useLayoutEffect(() => {
    const was = last.current;
    if (was === undefined || was.element.isConnected) return;
    last.current = undefined;
    if (document.activeElement === null || document.activeElement === document.body) nextOf(was)?.focus();
  });
}

function rows(): readonly HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>(`[${ROW}]`)];
}

function placeOf(element: HTMLElement): Place | undefined {
  const row = element.closest<HTMLElement>(`[${ROW}]`);
  if (row === null) return undefined;
  return { element, path: row.getAttribute(ROW) ?? '', label: labelOf(element), at: rows().indexOf(row) };
}

function nextOf({ path, label, at }: Place): HTMLElement | null {
  const all = rows();
  const row = all.find((each) => each.getAttribute(ROW) === path);
  const buttons = [...(row?.querySelectorAll('button') ?? [])].filter((each) => each.closest('dialog') === null);
  const same = buttons.find((each) => labelOf(each) === label) ?? buttons[0];
  const beside = all[Math.min(at, all.length - 1)]?.querySelector('button');
  return same ?? beside ?? document.getElementById(LINK_ID);
}

function labelOf(element: HTMLElement): string {
  return element.getAttribute('aria-label') ?? element.textContent;
}
