import { nearest } from '#core/config/problems.ts'
import { messageOf, ServiceError } from '#core/errors.ts'

import type { Command, Terminal } from './command.ts'
import * as list from './commands.ts'
import { version } from './version.ts'

const commands: readonly Command[] = Object.values(list)

const terminal: Terminal = {
  // Done when it is written: the process may end right after, and a pipe would lose what it still holds.
  out: (text) => new Promise((resolve) => process.stdout.write(text, () => resolve())),
  err(text) {
    process.stderr.write(text)
  },
}

function overview(): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
  return `barograph ${version}\n\nUsage: barograph [COMMAND] [OPTIONS]\n\n${lines.join('\n')}\n\nWithout a command it serves. barograph COMMAND --help tells more.\n`
}

async function main(args: readonly string[]): Promise<number> {
  const [first = 'serve', ...rest] = args
  if (['--help', '-h', 'help'].includes(first)) {
    await terminal.out(overview())
    return 0
  }
  if (['--version', '-v'].includes(first)) {
    await terminal.out(`barograph ${version}\n`)
    return 0
  }
  const isOption = first.startsWith('-')
  const command = commands.find(({ name }) => name === (isOption ? 'serve' : first))
  if (command === undefined) {
    const names = commands.map(({ name }) => name)
    const near = nearest(first, names)
    const fix = near === undefined ? `known: ${names.join(', ')}` : `did you mean ${near}?`
    terminal.err(`barograph: no command ${JSON.stringify(first)}; ${fix}\n`)
    return 2
  }
  const given = isOption ? args : rest
  if (given.includes('--help') || given.includes('-h')) {
    await terminal.out(`${command.help.trim()}\n`)
    return 0
  }
  return command.run(given, terminal)
}

/** True where the input is well and what is around us is not. */
function isOurs({ code, status }: ServiceError): boolean {
  return code === 'bad_config' || code === 'conflict' || status >= 500
}

/** A reader that went away (`| head`) ends us quietly. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
})

try {
  process.exit(await main(process.argv.slice(2)))
} catch (error) {
  const operating = error instanceof ServiceError
  terminal.err(`barograph: ${operating ? messageOf(error) : ((error as Error).stack ?? String(error))}\n`)
  process.exit(operating ? (isOurs(error) ? 1 : 2) : 70)
}
