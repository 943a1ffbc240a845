// Where a one-shot command speaks: results to stdout, explanations to stderr, and one line rewritten in place while it
// works, if stderr is a terminal. Commands take it as an argument, so that tests read what a user would.

export interface CommandOutput {
  /** One line of the result, without its line feed. */
  stdout(line: string): void;
  stderr(line: string): void;
  /** Shows `text` in place of the former text; '' clears it. Absent unless stderr is a terminal. */
  readonly progress?: ((text: string) => void) | undefined;
}
