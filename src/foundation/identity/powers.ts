// What a card allows its holder to do, as bits, and the roles that people give them as. A power is inside of what a
// tracker signed, and whoever is asked for something looks for it. Pure.

export const POWERS = {
  /** Fetch, and pass on what publishers brought in. */
  fetch: 1,
  /** Share files that the trackers do not know yet. */
  publish: 2,
  /** Sign .mtorrent files. */
  sign: 4,
  /** Invite, ban, and see the members. */
  administer: 8,
  /** Be dialed as a tracker, follow the partner, admit and renew members. */
  track: 16,
} as const;

export type Power = keyof typeof POWERS;

export const POWERS_MAX = 31;

const MEMBER = POWERS.fetch;
const CLIENT = MEMBER | POWERS.publish;
const PUBLISHER = CLIENT | POWERS.sign;

/** By role. A tracker's own powers are what the root's statement says of it. */
export const ROLES = {
  reader: MEMBER,
  client: CLIENT,
  publisher: PUBLISHER,
  admin: PUBLISHER | POWERS.administer,
  tracker: POWERS.track,
} as const;

export type Role = keyof typeof ROLES;

export function isRole(text: string): text is Role {
  return Object.hasOwn(ROLES, text);
}

export function hasPower(powers: number, power: Power): boolean {
  return (powers & POWERS[power]) !== 0;
}

/** For people: the role with exactly these powers, or the powers by name. */
export function roleName(powers: number): string {
  const role = Object.entries(ROLES).find(([, bits]) => bits === powers)?.[0];
  if (role !== undefined) return role;
  const names = Object.entries(POWERS).filter(([, bit]) => (powers & bit) !== 0);
  return names.map(([name]) => name).join(' + ') || 'nothing';
}
