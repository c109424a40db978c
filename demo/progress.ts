/** Where the story tells how far it is. */
export interface Progress {
  /** `done`: 0…1. */
  step(what: string, done: number): void
  /** The end of the line, and sentences below it. */
  done(lines: readonly string[]): void
}

const WIDTH = 28

/** One line drawn over and over on a terminal; a line a change elsewhere. */
export function progressLine(write: (text: string) => void, isTerminal: boolean): Progress {
  let last = ''
  return {
    step(what, done) {
      const share = Math.max(0, Math.min(1, done))
      if (isTerminal) {
        const filled = Math.round(share * WIDTH)
        write(`\r\u001B[K[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${what}`)
      } else if (what !== last) write(`${what}\n`)
      last = what
    },
    done(lines) {
      write(`${isTerminal ? '\r\u001B[K' : ''}${lines.join('\n')}\n`)
    },
  }
}
