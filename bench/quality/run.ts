// npm run quality -- NAME [options]: how good detectors are. One JSON line a figure on standard output, the table beside it on standard error.
import * as measurements from './measurements.ts'
import { HELP } from './options.ts'

const named: Readonly<Record<string, (args: readonly string[]) => void>> = measurements
const [name = '', ...args] = process.argv.slice(2)
const measure = named[name]
if (measure === undefined || args.includes('--help')) {
  process.stderr.write(HELP)
  process.exitCode = name === '--help' || args.includes('--help') ? 0 : 2
} else measure(args)
