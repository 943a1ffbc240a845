// The map of a file's pieces and peers as lines of text: one line for what is here, one for how many peers have each
// part, and one for each peer. Pure.

import { formatBytes } from '../../foundation/base/bytes.js';
import { cellOf, hasCell, type SwarmMap } from '../library/swarm-map.js';

const COLUMNS = 48;
/** From no cell to every cell of a column. */
const SHADES = [' ', '░', '▒', '▓', '█'] as const;
const SHADES_ASCII = ['.', '-', '+', '*', '#'] as const;

export function mapLines(map: SwarmMap, ascii: boolean): readonly string[] {
  const { pieces, peers, asked, own, copies, cells } = map;
  if (pieces === 0) return ['0 of 0 pieces'];
  const shades = ascii ? SHADES_ASCII : SHADES;
  const width = Math.min(COLUMNS, cells);
  const line = (shareOf: (cell: number) => number): string => {
    const columns = Array.from({ length: width }, (_, at) => {
      const [begin, end] = [Math.floor((at * cells) / width), Math.floor(((at + 1) * cells) / width)];
      let sum = 0;
      for (let cell = begin; cell < end; cell += 1) sum += shareOf(cell);
      return shades[shadeOf(sum / (end - begin))] ?? ' ';
    });
    return `|${columns.join('')}|`;
  };
  const rows = [`${line((cell) => (own[cell] ?? 0) / 255)} here`];
  if (peers.length > 0) {
    const [least, most] = [Math.min(...copies), Math.max(...copies)];
    const span = least === most ? `${least}` : `${least} to ${most}`;
    rows.push(`${line((cell) => (copies[cell] ?? 0) / peers.length)} has each part: ${span} of ${peers.length} peers`);
  }
  peers.forEach(({ address, bytes, rate, has }, at) => {
    const wanted = asked.filter(([, peer]) => peer === at).length;
    const told = `${address}  received ${formatBytes(bytes)}  ${formatBytes(Math.round(rate))}/s`;
    rows.push(`${line((cell) => (hasCell(has, cell) ? 1 : 0))} ${told}${wanted > 0 ? `  asked for ${wanted}` : ''}`);
  });
  return [...rows, ...map.fetchers.map(({ address, bytes }) => `to ${address}  sent ${formatBytes(bytes)}`)];
}

/** Only a complete column is shown as full, and only an empty one as empty. */
function shadeOf(share: number): number {
  return share >= 1 ? 4 : Math.ceil(share * 3);
}

/** One JSON object: bytes and bits in base64, sizes in bytes, rates in bytes a second. */
export function mapJson(map: SwarmMap): string {
  return JSON.stringify(mapRow(map));
}

export function mapRow(map: SwarmMap): object {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  const { own, copies, peers, asked, storing, ...rest } = map;
  return {
    schema: 1,
    ...rest,
    own: text(own),
    copies: text(copies),
    peers: peers.map(({ has, ...peer }) => ({ ...peer, has: text(has) })),
    asked: asked.map(([piece, peer]) => [cellOf(piece, map), peer]),
    storing: storing.map((piece) => cellOf(piece, map)),
  };
}
