// JSON Schema as the API writes it: the few words of it that describe rows, answers and errors. Pure.

export type Schema = Readonly<Record<string, unknown>>;

export interface ObjectSchema extends Schema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, Schema>>;
  readonly required: readonly string[];
  readonly additionalProperties: false;
}

export const TEXT = { type: 'string' } as const;
export const COUNT = { type: 'integer', minimum: 0 } as const;
/** A measured number, such as a rate. */
export const AMOUNT = { type: 'number', minimum: 0 } as const;
export const YES_NO = { type: 'boolean' } as const;

/** @param required all of them when absent. */
export function objectOf(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = Object.keys(properties),
): ObjectSchema {
  return { type: 'object', properties, required, additionalProperties: false };
}

export function listOf(items: Schema): Schema {
  return { type: 'array', items };
}

export function oneOf(words: readonly string[]): Schema {
  return { enum: words };
}

/** An answer as `--json` prints it. */
export function answerOf(properties: Readonly<Record<string, Schema>>): ObjectSchema {
  return objectOf({ schema: { const: 1 }, ...properties });
}

/** What a refused request is answered with. */
export const REFUSAL = objectOf({ schema: { const: 1 }, code: TEXT, sentence: TEXT });
