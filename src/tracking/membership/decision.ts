// What is decided of a request about membership: rows that are durable before the answer is given, or a refusal for the
// person who asked. Pure.

import type { MembershipRow } from './records.js';

export interface MembershipRefusal {
  readonly code: 'notAdmitted' | 'forbidden' | 'limit' | 'invalid' | 'unknown';
  readonly sentence: string;
}

/** @template T what is answered once `rows` are durable. */
export type Decision<T> =
  | { readonly rows: readonly MembershipRow[]; readonly answer: T; readonly refused?: undefined }
  | { readonly refused: MembershipRefusal };

export function decided<T>(answer: T, ...rows: readonly MembershipRow[]): Decision<T> {
  return { rows, answer };
}

export interface Refused {
  readonly refused: MembershipRefusal;
}

export function refused(code: MembershipRefusal['code'], sentence: string): Refused {
  return { refused: { code, sentence } };
}
