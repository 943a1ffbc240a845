// What a person pasted to be fetched. Pure.

/** A link may stand in brackets or behind a mark of quoted text; a path is one of the client's machine. */
export function isLinkOrPath(text: string): boolean {
  return text.startsWith('/') || /mtorrent:/i.test(text.replace(/\s+/g, ''));
}
