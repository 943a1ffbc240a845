// What a tracker needs of a store, whichever it is. Pure.

/** How the port that clients use tells another tracker's connection, which the store takes over, from a client's. */
export interface FollowerWire {
  /** Whether a connection that begins with this frame is another tracker's. */
  isFirst(frame: Uint8Array): boolean;
  /** The frame that ends such a connection, with its length. */
  refusal(sentence: string): Uint8Array;
}
