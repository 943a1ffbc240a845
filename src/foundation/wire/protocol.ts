// One table gives the union of messages, their codec and the checks on arrival. A frame is one msgpack array, [tag,
// ...fields in the order declared]; only a last field declared `trailing` may be missing. Tags are explicit, unique and
// never reused. Pure.

import { assert } from '../base/assert.js';
import { ProtocolError } from '../base/errors.js';
import { frameBytes, HEAD_SIZE } from './framing.js';
import { FRAME_ITEMS_MAX } from './limits.js';
import { pack, unpack } from './msgpack.js';
import { MISS, reading } from './reading.js';
import { scanFrame } from './scan.js';
import { type Field, fromWire, type TrailingField, toWire } from './schema.js';
import { writing } from './writing.js';

interface Entry {
  readonly tag: number;
  readonly fields: Readonly<Record<string, Field<unknown>>>;
}
type Table = Readonly<Record<string, Entry>>;
type ValueOf<F> = F extends Field<infer T> ? T : never;
type ValuesOf<F> = {
  readonly [K in keyof F as F[K] extends TrailingField<unknown> ? never : K]: ValueOf<F[K]>;
} & { readonly [K in keyof F as F[K] extends TrailingField<unknown> ? K : never]?: ValueOf<F[K]> };
type Union<T extends Table> = { [K in keyof T]: { readonly kind: K } & ValuesOf<T[K]['fields']> }[keyof T];
type Values = Readonly<Record<string, unknown>>;

export interface Protocol<M> {
  readonly name: string;
  /** The frame lies in a shared pool: copy it before keeping it (see `foundation/wire/msgpack.ts`). */
  readonly encode: (message: M) => Uint8Array;
  /** The same behind its length, as it goes onto a stream; nobody writes to its memory again. */
  readonly framed: (message: M) => Uint8Array;
  /** The message with its texts cut to what the table allows, for those that were written for people. */
  readonly fit: (message: M) => M;
  /** False: a field of it is outside of what the table allows, and `encode` would throw. */
  readonly accepts: (message: M) => boolean;
  /** Throws ProtocolError: the sender broke the protocol. The message owns its fields; the frame may be reused. */
  readonly decode: (frame: Uint8Array) => M;
  /** For generators of hostile and random messages: kind → tag and fields. */
  readonly table: Table;
}

export type MessageOf<P> = P extends Protocol<infer M> ? M : never;

export function message<const F extends Entry['fields']>(
  tag: number,
  fields: F,
): { readonly tag: number; readonly fields: F } {
  return { tag, fields };
}

interface Row {
  readonly kind: string;
  readonly tag: number;
  readonly names: readonly string[];
  readonly fields: readonly Field<unknown>[];
  /** Fields that are always there. */
  readonly least: number;
}

export function protocol<const T extends Table>(name: string, table: T): Protocol<Union<T>> {
  const { byKind, byTag } = rowsOf(name, table);

  const rowOf = (sent: Union<T>): Row => {
    const row = byKind.get(sent.kind as string);
    assert(row !== undefined, `${name}: no message ${String(sent.kind)}`);
    return row;
  };

  const encode = (sent: Union<T>): Uint8Array => {
    const row = rowOf(sent);
    return quicklyFramed(row, sent as Values)?.subarray(HEAD_SIZE) ?? pack(checked(row, sent as Values));
  };
  const framed = (sent: Union<T>): Uint8Array => {
    const row = rowOf(sent);
    return quicklyFramed(row, sent as Values) ?? frameBytes(pack(checked(row, sent as Values)));
  };

  const checked = (row: Row, values: Values): unknown[] => {
    const array: unknown[] = [row.tag];
    for (const [at, field] of sentFields(row, values).entries()) {
      const value = values[row.names[at] ?? ''];
      assert(field.accepts(value), `${name}.${row.kind}.${row.names[at]}: we send ${field.expects}`);
      array.push(toWire(field, value));
    }
    return array;
  };

  const decode = (frame: Uint8Array): Union<T> =>
    (quicklyDecoded(byTag, frame) as Union<T> | undefined) ?? thoroughlyDecoded(frame);

  const thoroughlyDecoded = (frame: Uint8Array): Union<T> => {
    scanFrame(frame);
    const array = unpackChecked(name, frame);
    const row = typeof array[0] === 'number' ? byTag.get(array[0]) : undefined;
    if (row === undefined) throw new ProtocolError(`${name}: unknown message ${String(array[0]).slice(0, 20)}`);
    const count = array.length - 1;
    if (!fitsCount(row, count))
      throw new ProtocolError(`${name}.${row.kind}: ${count} fields instead of ${row.fields.length}`);
    const decoded: Record<string, unknown> = { kind: row.kind };
    for (const [at, field] of row.fields.slice(0, count).entries()) {
      const value = fromWire(field, array[at + 1]);
      if (!field.accepts(value)) throw new ProtocolError(`${name}.${row.kind}.${row.names[at]}: not ${field.expects}`);
      decoded[row.names[at] ?? ''] = value;
    }
    return decoded as Union<T>;
  };

  const accepts = (sent: Union<T>): boolean => {
    const row = rowOf(sent);
    const values = sent as Values;
    return sentFields(row, values).every((field, at) => field.accepts(values[row.names[at] ?? '']));
  };
  const fit = (sent: Union<T>): Union<T> => {
    if (accepts(sent)) return sent;
    const fitted: Record<string, unknown> = { ...(sent as Values) };
    const row = rowOf(sent);
    for (const [at, field] of sentFields(row, fitted).entries()) {
      const key = row.names[at] ?? '';
      if (field.cut !== undefined) fitted[key] = field.cut(fitted[key]);
    }
    return fitted as Union<T>;
  };

  return { name, encode, framed, decode, fit, accepts, table };
}

/** Of the table, each tag and name once. */
function rowsOf(name: string, table: Table): { byKind: ReadonlyMap<string, Row>; byTag: ReadonlyMap<number, Row> } {
  const byKind = new Map<string, Row>();
  const byTag = new Map<number, Row>();
  for (const [kind, { tag, fields }] of Object.entries(table)) {
    const list = Object.values(fields);
    const least = list.length - (list.at(-1)?.isTrailing === true ? 1 : 0);
    const row: Row = { kind, tag, names: Object.keys(fields), fields: list, least };
    assert(
      !list.slice(0, least).some(({ isTrailing }) => isTrailing),
      `${name}.${kind}: only the last field may be absent`,
    );
    assert(Number.isInteger(tag) && tag >= 0 && !byTag.has(tag), `${name}: tag ${tag} names one message`);
    assert(!row.names.includes('kind'), `${name}.${kind}: 'kind' is not a field`);
    byKind.set(kind, row);
    byTag.set(tag, row);
  }
  return { byKind, byTag };
}

/** Without the last one when that may be absent, and is. */
function sentFields({ names, fields, least }: Row, values: Values): readonly Field<unknown>[] {
  return least === fields.length || values[names[least] ?? ''] !== undefined ? fields : fields.slice(0, least);
}

function fitsCount({ fields, least }: Row, count: number): boolean {
  return count === fields.length || count === least;
}

/** The array's head, the tag and the fields one by one; undefined when this way does not know how. */
function quicklyFramed(row: Row, values: Values): Buffer | undefined {
  const { tag, names } = row;
  const fields = sentFields(row, values);
  writing.open();
  writing.array(fields.length + 1);
  writing.number(tag);
  for (let at = 0; at < fields.length; at += 1) {
    if (fields[at]?.write(values[names[at] ?? '']) === true) continue;
    writing.abandon();
    return undefined;
  }
  return writing.close();
}

/** What `scanFrame`, msgpackr and the fields' checks would make of the frame; undefined when they have to say it. */
function quicklyDecoded(byTag: ReadonlyMap<number, Row>, frame: Uint8Array): Values | undefined {
  reading.open(frame);
  const message = messageRead(byTag);
  return reading.close() && reading.items <= FRAME_ITEMS_MAX ? message : undefined;
}

function messageRead(byTag: ReadonlyMap<number, Row>): Values | undefined {
  const count = reading.array();
  const row = count < 1 ? undefined : byTag.get(reading.number());
  if (row === undefined || !fitsCount(row, count - 1)) return undefined;
  const message: Record<string, unknown> = { kind: row.kind };
  for (let at = 0; at < count - 1; at += 1) {
    const value = row.fields[at]?.read();
    if (value === MISS) return undefined;
    message[row.names[at] ?? ''] = value;
  }
  return message;
}

function unpackChecked(name: string, frame: Uint8Array): readonly unknown[] {
  let value: unknown;
  try {
    value = unpack(frame);
  } catch (error) {
    // The scan lets through damage that costs nothing, such as broken UTF-8; msgpackr finds it.
    throw new ProtocolError(`${name}: frame is not msgpack: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!Array.isArray(value)) throw new ProtocolError(`${name}: frame is not an array`);
  return value;
}
