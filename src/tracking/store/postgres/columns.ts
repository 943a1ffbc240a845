// Rows as one array a column, in the text that PostgreSQL reads as an array: one parameter carries thousands of values.
// Pure.

/** A row of texts, numbers and truth values; all rows have the same columns. */
export type Row = readonly (string | number | boolean)[];

/** @param width columns of each row. */
export function columnsOf(rows: readonly Row[], width: number): string[] {
  return Array.from({ length: width }, (_, column) => arrayText(rows, column));
}

function arrayText(rows: readonly Row[], column: number): string {
  let text = '{';
  for (const [at, row] of rows.entries()) {
    const value = row[column] ?? '';
    if (at > 0) text += ',';
    text += typeof value === 'string' ? quoted(value) : String(value);
  }
  return `${text}}`;
}

function quoted(text: string): string {
  // Keys and numeric addresses are most of all values.
  return /^[0-9a-f.:]+$/.test(text) ? text : `"${text.replace(/[\\"]/g, '\\$&')}"`;
}
