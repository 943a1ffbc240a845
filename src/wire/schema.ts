// The field types of messages. Each says in words what it expects and checks a decoded value without touching it; each
// that can grow has a maximum. Checked values are fresh arrays and primitives: nothing of the sender's choosing survives.

export interface Field<T> {
  /** For the error: 'a whole number from 0 to 4294967295'. */
  readonly expects: string;
  readonly accepts: (value: unknown) => value is T;
}

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
  return {
    expects: `text of at most ${bytesMax} bytes`,
    accepts: (value): value is string =>
      typeof value === 'string' && value.length <= bytesMax && Buffer.byteLength(value) <= bytesMax,
  };
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
  };
}

export function optional<T>(field: Field<T>): Field<T | null> {
  return {
    expects: `${field.expects}, or nil`,
    accepts: (value): value is T | null => value === null || field.accepts(value),
  };
}
