import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'

import { nearest } from '#core/config/problems.ts'
import { messageOf, ServiceError } from '#core/errors.ts'

/** A command that was called wrongly: one line and exit 2. */
export function usageError(message: string): ServiceError {
  return new ServiceError('bad_data', message)
}

/** The one place that reads a command's arguments: unknown options are told by name. */
export function readArguments<T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
  } catch (error) {
    const [said = ''] = messageOf(error).split(/\. |\.?\n/)
    const unknown = /^Unknown option '--([\w-]+)/.exec(said)?.[1]
    const near = unknown === undefined ? undefined : nearest(unknown, Object.keys(options))
    throw usageError(`${said}; ${near === undefined ? 'see --help' : `did you mean --${near}?`}`)
  }
}

/** Of a command that takes options alone: a word that stands by itself is told, not passed over. */
export function readOptions<T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) {
  const { values, positionals } = readArguments(args, options)
  if (positionals.length > 0)
    throw usageError(`what is ${JSON.stringify(positionals[0])}? only options are taken; see --help`)
  return values
}
