// Holds a JSON value against the part of JSON Schema that docs/events.schema.json uses: type, const, enum, properties,
// required, additionalProperties, items with their number, minimum and maximum, oneOf. A word that it does not
// know is an error, so that no schema is taken for checked that was not.

type Schema = Readonly<Record<string, unknown>>;

const REMARKS = ['$schema', 'title', 'description'];

/** What is wrong, as sentences; none when `value` fits. */
export function mismatches(value: unknown, schema: Schema, at = '$'): readonly string[] {
  return Object.entries(schema).flatMap(([word, rule]) => {
    if (REMARKS.includes(word)) return [];
    const check = CHECKS[word];
    if (check === undefined) throw new Error(`${at}: this validator does not know ${word}`);
    return check(value, rule, at, schema);
  });
}

type Check = (value: unknown, rule: unknown, at: string, schema: Schema) => readonly string[];

const CHECKS: Readonly<Record<string, Check>> = {
  type: (value, rule, at) => {
    const types = Array.isArray(rule) ? rule : [rule];
    return types.some((type) => isOfType(value, String(type))) ? [] : [`${at} is no ${types.join(' or ')}`];
  },
  const: (value, rule, at) => (value === rule ? [] : [`${at} is not ${String(rule)}`]),
  enum: (value, rule, at) => ((rule as unknown[]).includes(value) ? [] : [`${at} is none of ${String(rule)}`]),
  minimum: (value, rule, at) => (typeof value !== 'number' || value >= Number(rule) ? [] : [`${at} is too small`]),
  maximum: (value, rule, at) => (typeof value !== 'number' || value <= Number(rule) ? [] : [`${at} is too large`]),
  minItems: (value, rule, at) => (Array.isArray(value) && value.length >= Number(rule) ? [] : [`${at} has too few`]),
  maxItems: (value, rule, at) => (Array.isArray(value) && value.length <= Number(rule) ? [] : [`${at} has too many`]),
  items: (value, rule, at) =>
    Array.isArray(value) ? value.flatMap((item, index) => mismatches(item, rule as Schema, `${at}[${index}]`)) : [],
  required: (value, rule, at) =>
    (rule as string[]).filter((name) => !Object.hasOwn(value ?? {}, name)).map((name) => `${at} lacks ${name}`),
  properties: (value, rule, at) =>
    Object.entries(rule as Readonly<Record<string, Schema>>).flatMap(([name, schema]) =>
      Object.hasOwn(value ?? {}, name)
        ? mismatches((value as Readonly<Record<string, unknown>>)[name], schema, `${at}.${name}`)
        : [],
    ),
  additionalProperties: (value, rule, at, { properties }) =>
    rule === true
      ? []
      : Object.keys(value ?? {})
          .filter((name) => !Object.hasOwn(properties ?? {}, name))
          .flatMap((name) =>
            rule === false
              ? [`${at} has ${name}, which is not described`]
              : mismatches((value as Readonly<Record<string, unknown>>)[name], rule as Schema, `${at}.${name}`),
          ),
  oneOf: (value, rule, at) => {
    const found = (rule as Schema[]).map((schema) => mismatches(value, schema, at));
    const fitting = found.filter((wrong) => wrong.length === 0).length;
    if (fitting === 1) return [];
    // The nearest one says best what is wrong.
    const [nearest = []] = [...found].sort((a, b) => a.length - b.length);
    return fitting === 0 ? nearest : [`${at} fits ${fitting} schemas`];
  },
};

function isOfType(value: unknown, type: string): boolean {
  if (type === 'integer') return Number.isSafeInteger(value);
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}
