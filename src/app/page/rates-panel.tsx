// The rates of the last five minutes as a plot.

import { openRatesPlot, type RatesPlot } from './plot.js';
import { useEffect, useLayoutEffect, useRef } from './preact.js';
import type { RateSeries } from './rate-history.js';

/** Between two drawings: five minutes are so wide that a second is a pixel or two. */
const DRAWN_MS = 2_000;
/** Answers do not come to the millisecond. */
const SLACK_MS = 200;

export function RatesPanel({ series }: { readonly series: RateSeries }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<RatesPlot | undefined>(undefined);
  const latest = useRef(series);
  latest.current = series;
  useEffect(() => {
    const box = place.current;
    if (box === null) return undefined;
    const style = getComputedStyle(box);
    const open = (): void => {
      plot.current?.end();
      plot.current = openRatesPlot(box, box.clientWidth, (name) => style.getPropertyValue(name).trim());
      // Other colours are seen at once, not when the next drawing is due.
      plot.current.show(latest.current);
    };
    open();
    const sizes = new ResizeObserver(() => plot.current?.resize(box.clientWidth));
    sizes.observe(box);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', open);
    return () => {
      sizes.disconnect();
      scheme.removeEventListener('change', open);
      plot.current?.end();
    };
  }, []);
  const drawnMs = useRef(Number.NEGATIVE_INFINITY);
  // Before the browser paints, so that it takes no frame of its own.
  useLayoutEffect(() => {
    const nowMs = performance.now();
    if (plot.current === undefined) return;
    if (nowMs - drawnMs.current < DRAWN_MS - SLACK_MS) return;
    drawnMs.current = nowMs;
    plot.current.show(series);
  }, [series]);
  return (
    <section class="card" aria-labelledby="rates">
      <h2 id="rates">
        Rates <span class="key down">down</span> <span class="key up">up</span>
      </h2>
      <div ref={place} class="plot" aria-hidden="true" />
    </section>
  );
}
