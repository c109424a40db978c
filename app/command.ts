/** Where a command writes: data on `out`, and only that; progress and notes on `err`. */
export interface Terminal {
  out(text: string): Promise<void>
  err(text: string): void
}

/** One command of the command line, one file in `commands/`. */
export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** Shown by `--help`: usage, options, an example. */
  readonly help: string
  /** The exit code: 0 well, 1 it found something wrong, 2 bad input. Errors are thrown. */
  run(args: readonly string[], terminal: Terminal): Promise<number>
}
