// One file in detail: the map of its pieces and peers, and who sends to whom.

import { formatBytes } from './figures.js';
import { FlowPanel } from './flow-panel.js';
import { useAsked } from './looking.js';
import { kept } from './preact.js';
import { ReportPanel } from './report-panel.js';
import type { FileRow, MapRow } from './rows.js';
import { SwarmMap } from './swarm-map.js';

/** Often enough to see pieces come. Each a part or a multiple of the others, so that they are asked for together. */
const MAP_MS = 500;
/** Of a map of more than so many cells in all rows: client and browser take milliseconds for each. */
const LARGE_MAP_MS = 2_000;
const LARGE_MAP_CELLS = 50_000;
const QUIET_MAP_MS = 2_000;

/** Made anew once an answer, not with each change of the list. */
const Pictures = kept(({ map }: { readonly map: MapRow }) => (
  <>
    <SwarmMap map={map} />
    <FlowPanel map={map} />
  </>
));

export function FileDetail({ file }: { readonly file: FileRow }) {
  const isBusy = file.state === 'downloading';
  const busyMs = (asked: MapRow): number =>
    asked.cells * asked.peers.length > LARGE_MAP_CELLS ? LARGE_MAP_MS : MAP_MS;
  const { answer: map, problem } = useAsked<MapRow>('map', isBusy ? busyMs : QUIET_MAP_MS, { name: file.mtorrentPath });
  const { name, received, wasted, sent, reused, size, path } = file;
  const copies = size === 0 ? 0 : sent / size;
  return (
    <section class="card detail" aria-labelledby="detail">
      <h2 id="detail">{name}</h2>
      <p class="path">{path}</p>
      {problem !== undefined && <p class="problem">{problem}</p>}
      {map !== undefined && <Pictures map={map} />}
      <dl class="totals">
        <div>
          <dt>received</dt>
          <dd>{formatBytes(received)}</dd>
        </div>
        <div>
          <dt>of it wasted</dt>
          <dd>{formatBytes(wasted)}</dd>
        </div>
        <div>
          <dt>from this machine</dt>
          <dd>{formatBytes(reused)}</dd>
        </div>
        <div>
          <dt>sent</dt>
          <dd>{`${formatBytes(sent)} (${copies.toFixed(2)} copies)`}</dd>
        </div>
      </dl>
      <ReportPanel key={file.mtorrentPath} name={file.mtorrentPath} />
    </section>
  );
}
