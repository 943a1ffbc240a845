// A card as a text file: base64 between two lines, as keys and certificates are kept. Pure.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import { CARD_SIZE } from '../../foundation/identity/card.js';
import { printable } from '../../foundation/torrent/names.js';

const BEGIN = '-----BEGIN MTORRENT CARD-----';
const END = '-----END MTORRENT CARD-----';

export function formatCard(card: Uint8Array): string {
  const lines =
    Buffer.from(card)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `${BEGIN}\n${lines.join('\n')}\n${END}\n`;
}

/** CARD_SIZE bytes, of which nothing was checked. Throws MiniTorrentError, STATE_DAMAGED. */
export function parseCard(text: string, path: string): Uint8Array {
  const [, body = ''] = text.split(BEGIN);
  const [base64 = '', rest] = body.split(END);
  const card = Buffer.from(base64.replace(/\s+/g, ''), 'base64');
  if (rest !== undefined && card.length === CARD_SIZE) return Uint8Array.from(card);
  const sentence = `${printable(path)} is no card; restore it from a backup, or join again with an invitation`;
  throw new MiniTorrentError('STATE_DAMAGED', sentence);
}
