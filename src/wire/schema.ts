// The field types of messages. Each says in words what it expects and checks a decoded value without touching it; each
// that can grow has a maximum. Checked values are fresh arrays and primitives: nothing of the sender's choosing survives.

export interface Field<T> {
  /** For the error: 'a whole number from 0 to 4294967295'. */
  readonly expects: string;
  readonly accepts: (value: unknown) => value is T;
  /** The value with its texts cut to what is accepted; absent where there is none. */
  readonly cut?: (value: unknown) => unknown;
}

const ELLIPSIS = '…';

export type ValueOf<F> = F extends Field<infer T> ? T : never;

export function whole(min: number, max: number): Field<number> {
  return {
    expects: `a whole number from ${min} to ${max}`,
    // Object.is refuses -0, which would come back as another value than was sent.
    accepts: (value): value is number =>
      Number.isInteger(value) && (value as number) >= min && (value as number) <= max && !Object.is(value, -0),
  };
}

export const u16 = whole(0, 0xffff);
export const u32 = whole(0, 0xffff_ffff);
/** Sizes and byte counts: any integer that a double holds exactly. */
export const size = whole(0, Number.MAX_SAFE_INTEGER);
/** A monotonic reading or a duration in milliseconds, with fractions. */
export const real: Field<number> = {
  expects: 'a finite number',
  accepts: (value): value is number => typeof value === 'number' && Number.isFinite(value),
};

export const flag: Field<boolean> = {
  expects: 'true or false',
  accepts: (value): value is boolean => typeof value === 'boolean',
};

/** Bytes, `min` to `max` long; exactly `min` long when `max` is absent. */
export function bytes(min: number, max = min): Field<Uint8Array> {
  return {
    expects: min === max ? `${min} bytes` : `${min} to ${max} bytes`,
    accepts: (value): value is Uint8Array => value instanceof Uint8Array && value.length >= min && value.length <= max,
  };
}

/** A string of at most `bytesMax` bytes in UTF-8. */
export function text(bytesMax: number): Field<string> {
  const fits = (value: string): boolean => value.length <= bytesMax && Buffer.byteLength(value) <= bytesMax;
  return {
    expects: `text of at most ${bytesMax} bytes`,
    accepts: (value): value is string => typeof value === 'string' && fits(value),
    cut: (value) => (typeof value !== 'string' || fits(value) ? value : prefix(value, bytesMax)),
  };
}

/** Whole characters, and an ellipsis for the rest. */
function prefix(value: string, bytesMax: number): string {
  const bytes = Buffer.from(value).subarray(0, bytesMax - Buffer.byteLength(ELLIPSIS));
  // As of a stream that goes on: a character that was cut through is left out.
  return new TextDecoder().decode(bytes, { stream: true }) + ELLIPSIS;
}

export function oneOf<const T extends readonly string[]>(...choices: T): Field<T[number]> {
  return {
    expects: choices.join(' or '),
    accepts: (value): value is T[number] => typeof value === 'string' && choices.includes(value),
  };
}

export function listOf<T>(item: Field<T>, max: number): Field<readonly T[]> {
  return {
    expects: `at most ${max} of ${item.expects}`,
    accepts: (value): value is readonly T[] =>
      Array.isArray(value) && value.length <= max && value.every((member) => item.accepts(member)),
    cut: (value) => (Array.isArray(value) ? value.map((member) => cutBy(item, member)) : value),
  };
}

/** A fixed row of fields, as an array. */
export function tuple<const F extends readonly Field<unknown>[]>(
  ...fields: F
): Field<{ readonly [K in keyof F]: ValueOf<F[K]> }> {
  return {
    expects: `a row of ${fields.map((field) => field.expects).join(', ')}`,
    accepts: (value): value is { readonly [K in keyof F]: ValueOf<F[K]> } =>
      Array.isArray(value) && value.length === fields.length && fields.every((field, at) => field.accepts(value[at])),
    cut: (value) => (Array.isArray(value) ? value.map((member, at) => cutBy(fields[at], member)) : value),
  };
}

function cutBy(field: Field<unknown> | undefined, value: unknown): unknown {
  return field?.cut === undefined ? value : field.cut(value);
}

export function optional<T>(field: Field<T>): Field<T | null> {
  return {
    expects: `${field.expects}, or nil`,
    accepts: (value): value is T | null => value === null || field.accepts(value),
  };
}
