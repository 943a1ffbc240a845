// Decides which downloads are versions of the same thing: those whose path and name differ in nothing but a version. A
// number alone is none, since parts and sizes are numbered, too. Pure.

/** A date, a number with dots, or a number behind a v; as a whole word of the name. */
const VERSION =
  /(?<![A-Za-z0-9.])(?:\d{4}-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])(?:[T_-]?\d{2}[:-]?\d{2}(?:[:-]?\d{2})?Z?)?|v?\d+(?:\.\d+)+|v\d+)(?:[-.](?:alpha|beta|rc)\.?\d*)?(?![A-Za-z0-9])/gi;

/** Equal for versions of one thing. @param path absolute. @param name of the .mtorrent. */
export function seriesOf({ path, name }: { readonly path: string; readonly name: string }): string {
  return `${withoutVersion(path)}\0${withoutVersion(name)}`;
}

/** 'app-1.4.2.tar.gz' → 'app-*.tar.gz' */
export function withoutVersion(text: string): string {
  return text.replace(VERSION, '*');
}
