// The list of features that each side names in its hello: what it understands beyond the first release. Reading is
// lenient, because a newer side names features unknown here. Pure.

/** Of the list's form. A list of another version says nothing to us. */
const VERSION = 1;

export type Features = ReadonlySet<number>;

/** One set for all that have the same features, of ten thousand connections. No more than our own have subsets. */
const SETS = new Map<string, Features>();

/** No features are no bytes, as the first release sends them; else the version, then one byte a feature, ascending. */
export function encodeFeatures(features: Iterable<number>): Uint8Array {
  const numbers = [...new Set(features)].sort((a, b) => a - b);
  return numbers.length === 0 ? new Uint8Array(0) : Uint8Array.of(VERSION, ...numbers);
}

/** Those of `own` that the list names. Never throws: bytes that are no list of our version name no feature. */
export function commonFeatures(list: Uint8Array, own: readonly number[]): Features {
  const named = list[0] === VERSION ? list.subarray(1) : new Uint8Array(0);
  const common = own.filter((feature) => named.includes(feature));
  const name = common.join();
  const known = SETS.get(name) ?? new Set(common);
  SETS.set(name, known);
  return known;
}
