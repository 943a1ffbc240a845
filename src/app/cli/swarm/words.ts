// How the commands about a closed swarm write times and keys.

/** Seconds since 1970. */
export function nowS(): number {
  return Math.floor(Date.now() / 1000);
}

/** '15:05' today, '3 May 15:05' another day. */
export function timeText(atS: number, now: Date = new Date()): string {
  const at = new Date(atS * 1000);
  const time = at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  if (at.toDateString() === now.toDateString()) return time;
  const isThisYear = at.getFullYear() === now.getFullYear();
  const day = at.toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'long',
    ...(isThisYear ? {} : { year: 'numeric' }),
  });
  return `${day} ${time}`;
}

/** '4 min ago'. */
export function agoText(seconds: number | undefined): string {
  if (seconds === undefined) return 'not since the tracker started';
  if (seconds < 60) return 'now';
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
