// The floods of a closed tracker that `strangers.ts` makes, and how they are called.

export const FLOODS = ['handshakes', 'drips', 'invitations'] as const;
export type FloodName = (typeof FLOODS)[number];

export const SAID: Readonly<Record<FloodName, string>> = {
  handshakes: '500 handshakes a second without a card',
  drips: '2,000 sockets of a byte a second',
  invitations: '1,000 wrong invitations',
};
