/** What is written to: a terminal, a pipe, or a test's list. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}
