// Text for terminals that show ASCII only: what we write ourselves gets its usual spelling, everything else is escaped as
// `printable` escapes what could harm. Pure.

const SPELLINGS: Readonly<Record<string, string>> = { '…': '...', '×': 'x', '–': '-', '—': '-', '’': "'" };

export function asciiOnly(text: string): string {
  return text.replace(
    /\P{ASCII}/gu,
    (character) => SPELLINGS[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
