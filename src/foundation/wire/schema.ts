// The field types of messages: what each accepts, and its form on the wire. Invariant: everything that can grow has a
// maximum, and an accepted value holds only fresh arrays, objects with declared names, and primitives. Pure.

import { SENTENCE_BYTES_MAX } from './limits.js';
import { MISS, type Miss, reading } from './reading.js';
import { writing } from './writing.js';

export interface Field<T> {
  /** For the error: 'a whole number from 0 to 4294967295'. */
  readonly expects: string;
  readonly accepts: (value: unknown) => value is T;
  /** The value with its texts cut to the accepted length. Absent where there is no text. */
  readonly cut?: (value: unknown) => unknown;
  /** Reads the next value of the frame without msgpackr. A miss: not acceptable, or in another form. */
  readonly read: () => T | Miss;
  /** Appends a value without msgpackr. False: not accepted, or in need of another form. */
  readonly write: (value: unknown) => boolean;
  /** What msgpackr writes for an accepted value. Absent where that is the value itself. */
  readonly toWire?: (value: unknown) => unknown;
  /** The value of what msgpackr has read, not yet accepted. Absent where `toWire` is. */
  readonly fromWire?: (value: unknown) => unknown;
  /** May be absent: the frame then ends before it. */
  readonly isTrailing?: true;
}

/** The last field of a message, which some receivers do not know. Sent only to those that asked for it. */
export interface TrailingField<T> extends Field<T> {
  readonly isTrailing: true;
}

const ELLIPSIS = '…';
/** The longest list that `write` handles: its length takes two bytes. */
const WRITTEN_MAX = 0xffff;

export type ValueOf<F> = F extends Field<infer T> ? T : never;

/** What a table of fields holds, by name. */
export type ValuesOf<F> = { readonly [K in keyof F]: ValueOf<F[K]> };

export function whole(min: number, max: number): Field<number> {
  // Object.is refuses -0, which would come back as another value than was sent.
  const accepts = (value: unknown): value is number =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max && !Object.is(value, -0);
  return { expects: `a whole number from ${min} to ${max}`, ...numberField(accepts) };
}

function numberField(accepts: (value: unknown) => value is number): Omit<Field<number>, 'expects'> {
  return {
    accepts,
    read: () => {
      const value = reading.number();
      return accepts(value) ? value : MISS;
    },
    write: (value) => {
      if (!accepts(value)) return false;
      writing.number(value);
      return true;
    },
  };
}

export const u16 = whole(0, 0xffff);
export const u32 = whole(0, 0xffff_ffff);
/** Sizes and byte counts: any integer that a double holds exactly. */
export const size = whole(0, Number.MAX_SAFE_INTEGER);
/** A monotonic reading or a duration in milliseconds, with fractions. */
export const real: Field<number> = {
  expects: 'a finite number',
  ...numberField((value): value is number => typeof value === 'number' && Number.isFinite(value)),
};

export const flag: Field<boolean> = {
  expects: 'true or false',
  accepts: (value): value is boolean => typeof value === 'boolean',
  read: () => reading.flag(),
  write: (value) => {
    if (typeof value !== 'boolean') return false;
    writing.flag(value);
    return true;
  },
};

/** Bytes, `min` to `max` long; exactly `min` long when `max` is absent. */
export function bytes(min: number, max = min): Field<Uint8Array> {
  const accepts = (value: unknown): value is Uint8Array =>
    value instanceof Uint8Array && value.length >= min && value.length <= max;
  return {
    expects: min === max ? `${min} bytes` : `${min} to ${max} bytes`,
    accepts,
    read: () => reading.bytes(min, max),
    write: (value) => {
      if (!accepts(value)) return false;
      writing.bytes(value);
      return true;
    },
  };
}

/** A string of at most `bytesMax` bytes in UTF-8. */
export function text(bytesMax: number): Field<string> {
  const fits = (value: string): boolean => value.length <= bytesMax && Buffer.byteLength(value) <= bytesMax;
  return {
    expects: `text of at most ${bytesMax} bytes`,
    accepts: (value): value is string => typeof value === 'string' && fits(value),
    cut: (value) => (typeof value !== 'string' || fits(value) ? value : prefix(value, bytesMax)),
    read: () => reading.text(bytesMax),
    // ASCII text has as many bytes as characters.
    write: (value) => typeof value === 'string' && value.length <= bytesMax && writing.text(value),
  };
}

/** A sentence for people: what happened, and what to do next. */
export const sentence = text(SENTENCE_BYTES_MAX);

/** Whole characters, then an ellipsis for the rest. */
function prefix(value: string, bytesMax: number): string {
  const bytes = Buffer.from(value).subarray(0, bytesMax - Buffer.byteLength(ELLIPSIS));
  // Decoded as an unfinished stream, which leaves out a character that was cut in half.
  return new TextDecoder().decode(bytes, { stream: true }) + ELLIPSIS;
}

export function oneOf<const T extends readonly string[]>(...choices: T): Field<T[number]> {
  return {
    expects: choices.join(' or '),
    accepts: (value): value is T[number] => typeof value === 'string' && choices.includes(value),
    read: () => reading.choice<T[number]>(choices),
    write: (value) => typeof value === 'string' && choices.includes(value) && writing.text(value),
  };
}

/** A value that is JSON text on the wire, of at most `bytesMax` bytes. `accepts` checks what was parsed. */
export function json<T>(bytesMax: number, what: string, accepts: (value: unknown) => value is T): Field<T> {
  const asText = text(bytesMax);
  const isAccepted = (value: unknown): value is T => accepts(value) && asText.accepts(JSON.stringify(value));
  const parsed = (value: unknown): unknown => {
    try {
      return typeof value === 'string' ? JSON.parse(value) : undefined;
    } catch {
      return undefined;
    }
  };
  return {
    expects: `${what}, as JSON of at most ${bytesMax} bytes`,
    accepts: isAccepted,
    read: () => {
      const value = parsed(asText.read());
      return isAccepted(value) ? value : MISS;
    },
    write: (value) => accepts(value) && asText.write(JSON.stringify(value)),
    toWire: (value) => JSON.stringify(value),
    fromWire: parsed,
  };
}

export function listOf<T>(item: Field<T>, max: number): Field<readonly T[]> {
  return {
    expects: `at most ${max} of ${item.expects}`,
    accepts: (value): value is readonly T[] =>
      Array.isArray(value) && value.length <= max && value.every((member) => item.accepts(member)),
    cut: (value) => (Array.isArray(value) ? value.map((member) => cutBy(item, member)) : value),
    read: () => {
      const count = reading.array();
      if (count < 0 || count > max) return MISS;
      const list: T[] = [];
      for (let at = 0; at < count; at += 1) {
        const member = item.read();
        if (member === MISS) return MISS;
        list.push(member);
      }
      return list;
    },
    write: (value) => {
      if (!Array.isArray(value) || value.length > Math.min(max, WRITTEN_MAX)) return false;
      writing.array(value.length);
      for (const member of value) if (!item.write(member)) return false;
      return true;
    },
    ...wireForms([item], (convert, value) =>
      Array.isArray(value) ? value.map((member) => convert(item, member)) : value,
    ),
  };
}

/** A fixed row of fields without names, for pairs. A longer row is a `record`. */
export function tuple<const F extends readonly Field<unknown>[]>(...fields: F): Field<ValuesOf<F>> {
  return {
    expects: `a row of ${fields.map((field) => field.expects).join(', ')}`,
    accepts: (value): value is ValuesOf<F> =>
      Array.isArray(value) && value.length === fields.length && fields.every((field, at) => field.accepts(value[at])),
    cut: (value) => (Array.isArray(value) ? value.map((member, at) => cutBy(fields[at], member)) : value),
    read: () => {
      if (reading.array() !== fields.length) return MISS;
      const row: unknown[] = [];
      for (const field of fields) {
        const member = field.read();
        if (member === MISS) return MISS;
        row.push(member);
      }
      return row as ValuesOf<F>;
    },
    write: (value) => {
      if (!Array.isArray(value) || value.length !== fields.length) return false;
      writing.array(fields.length);
      let at = 0;
      for (const field of fields) if (!field.write(value[at++])) return false;
      return true;
    },
    ...wireForms(fields, (convert, value) =>
      Array.isArray(value) && value.length === fields.length
        ? fields.map((field, at) => convert(field, value[at]))
        : value,
    ),
  };
}

/**
 * A row whose fields have names. On the wire it is an array in the order declared, exactly as a `tuple` of the same
 * fields.
 */
export function record<const F extends Readonly<Record<string, Field<unknown>>>>(fields: F): Field<ValuesOf<F>> {
  const names = Object.keys(fields);
  const columns = Object.values(fields);
  const rowOf = (cell: (name: string, field: Field<unknown>, at: number) => unknown): Record<string, unknown> => {
    const row: Record<string, unknown> = {};
    for (const [at, field] of columns.entries()) row[names[at] ?? ''] = cell(names[at] ?? '', field, at);
    return row;
  };
  return {
    expects: `a row of ${Object.entries(fields)
      .map(([name, field]) => `${name} (${field.expects})`)
      .join(', ')}`,
    accepts: (value): value is ValuesOf<F> =>
      isObject(value) && columns.every((field, at) => field.accepts(value[names[at] ?? ''])),
    cut: (value) => (isObject(value) ? rowOf((name, field) => cutBy(field, value[name])) : value),
    read: () => {
      if (reading.array() !== columns.length) return MISS;
      const row: Record<string, unknown> = {};
      for (let at = 0; at < columns.length; at += 1) {
        const cell = columns[at]?.read();
        if (cell === MISS) return MISS;
        row[names[at] ?? ''] = cell;
      }
      return row as ValuesOf<F>;
    },
    write: (value) => {
      if (!isObject(value)) return false;
      writing.array(columns.length);
      for (let at = 0; at < columns.length; at += 1)
        if (columns[at]?.write(value[names[at] ?? '']) !== true) return false;
      return true;
    },
    toWire: (value) => columns.map((field, at) => toWire(field, (value as ValuesOf<F>)[names[at] ?? ''])),
    // A map with the same names is refused: only the array is the form of a record.
    fromWire: (value) =>
      Array.isArray(value) && value.length === columns.length
        ? rowOf((_, field, at) => fromWire(field, value[at]))
        : undefined,
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

type Convert = (field: Field<unknown>, value: unknown) => unknown;

/** What msgpackr writes for a value that the field accepts. */
export const toWire: Convert = (field, value) => (field.toWire === undefined ? value : field.toWire(value));

/** The value of what msgpackr has read; the field has still to accept it. */
export const fromWire: Convert = (field, value) => (field.fromWire === undefined ? value : field.fromWire(value));

/** The two conversions of a field that holds `members`; none when no member needs them. */
function wireForms(
  members: readonly Field<unknown>[],
  each: (convert: Convert, value: unknown) => unknown,
): Pick<Field<unknown>, 'toWire' | 'fromWire'> {
  if (members.every((member) => member.toWire === undefined)) return {};
  return { toWire: (value) => each(toWire, value), fromWire: (value) => each(fromWire, value) };
}

function cutBy(field: Field<unknown> | undefined, value: unknown): unknown {
  return field?.cut === undefined ? value : field.cut(value);
}

export function optional<T>(field: Field<T>): Field<T | null> {
  return {
    expects: `${field.expects}, or nil`,
    accepts: (value): value is T | null => value === null || field.accepts(value),
    read: () => (reading.nil() ? null : field.read()),
    write: (value) => {
      if (value !== null) return field.write(value);
      writing.nil();
      return true;
    },
    ...wireForms([field], (convert, value) => (value === null ? null : convert(field, value))),
  };
}

export function trailing<T>(field: Field<T>): TrailingField<T> {
  return { ...field, isTrailing: true };
}
