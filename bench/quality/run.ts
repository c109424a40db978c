// npm run quality -- NAME [options]: how good detectors are. One JSON line a figure on standard output, the table beside it on standard error.
import { messageOf, ServiceError } from '#core/errors.ts'

import * as measurements from './measurements.ts'
import { HELP } from './options.ts'

const named: Readonly<Record<string, (args: readonly string[]) => void>> = measurements
const [name = '', ...args] = process.argv.slice(2)
const measure = named[name]
if (measure === undefined || args.includes('--help')) {
  process.stderr.write(HELP)
  process.exitCode = name === '--help' || args.includes('--help') ? 0 : 2
} else {
  try {
    measure(args)
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    process.stderr.write(`${messageOf(error)}\n`)
    process.exitCode = 2
  }
}
