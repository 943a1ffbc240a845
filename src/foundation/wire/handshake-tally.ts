// What a listener's handshakes came to, counted where each begins and ends. Pure.

/** Of one listener since its start. */
export interface Handshakes {
  /** Those for which this side began to compute. */
  readonly begun: number;
  readonly finished: number;
  /** The other side hung up before the handshake had ended, or before its hello was answered. */
  readonly forNobody: number;
}

export class HandshakeTally implements Handshakes {
  begun = 0;
  finished = 0;
  forNobody = 0;
}
