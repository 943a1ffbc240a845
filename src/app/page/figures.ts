// How amounts, rates and times stand on the page. Pure.

/** Made once: a browser takes longer to make one than to use it. */
const NUMBERS = new Intl.NumberFormat('en');
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** 1536 → '1.5 KiB' */
export function formatBytes(bytes: number): string {
  let [amount, unit] = [bytes, 0];
  while (amount >= 1024 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(amount) : amount.toFixed(1)} ${UNITS[unit] ?? 'B'}`;
}

/** @param rate bytes a second. */
export function formatRate(rate: number): string {
  return `${formatBytes(rate)}/s`;
}

/** '1 h 5 min', '12 s'; '' while nothing comes in. */
export function formatEta(bytesLeft: number, rate: number): string {
  if (rate < 1) return '';
  const seconds = Math.ceil(bytesLeft / rate);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  if (hours >= 48) return `${Math.floor(hours / 24)} days`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

/** 12345 → '12.3 s', 135000 → '2 min 15 s' */
export function formatSeconds(ms: number): string {
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : formatEta(Math.round(ms / 1000), 1);
}

/** Rounded down, so that 100 means every piece. */
export function percentOf(have: number, pieces: number): number {
  return pieces === 0 || have === pieces ? 100 : Math.floor((have / pieces) * 1000) / 10;
}

/** '1 peer', '2 peers' */
export function counted(count: number, word: string): string {
  return `${count < 1000 ? count : NUMBERS.format(count)} ${count === 1 ? word : `${word}s`}`;
}
