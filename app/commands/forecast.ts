import { FORECAST_MODELS } from '../../detectors/index.ts'
import { readArguments, usageError } from '../arguments.ts'
import type { Command } from '../command.ts'
import { runFiles } from '../offline-files.ts'

export const forecast: Command = {
  name: 'forecast',
  summary: 'forecast what follows the rows of CSV files',
  help: `
Usage: barograph forecast FILE.csv... --horizon N [OPTIONS]

Reads timestamp,value as detect does and prints timestamp,q0.1,q0.5,q0.9: quantiles of what follows the last row.

  --horizon N        how far: steps of the file, or a duration like 2h
  --quantiles LIST   0.1,0.5,0.9 (default)
  --model NAME       ${FORECAST_MODELS.join(', ')}
  --out DIR          write DIR/<name of the input> each, in parallel, instead of standard output

Example: barograph forecast requests.csv --horizon 2h --quantiles 0.5,0.95
`,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, {
      horizon: { type: 'string' },
      quantiles: { type: 'string', default: '0.1,0.5,0.9' },
      model: { type: 'string', default: 'auto' },
      out: { type: 'string' },
    })
    const { horizon, model } = values
    if (horizon === undefined)
      throw usageError('--horizon is missing: how far to forecast, in steps of the file or as a duration like 2h')
    const options = { horizon, quantiles: values.quantiles.split(',').map(Number), model }
    return runFiles(positionals, values.out, terminal, (file, out) => ({ kind: 'forecast', file, out, options }))
  },
}
