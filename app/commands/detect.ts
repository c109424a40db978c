import { parse, YAMLError } from 'yaml'

import { ServiceError } from '#core/errors.ts'

import { parseBudget, parseDetector } from '../../detectors/index.ts'
import { readArguments, usageError } from '../arguments.ts'
import type { Command } from '../command.ts'
import { runFiles } from '../offline-files.ts'

export const detect: Command = {
  name: 'detect',
  summary: 'score the rows of CSV files with the detectors that run live',
  help: `
Usage: barograph detect FILE.csv... [OPTIONS]

Reads timestamp,value (ISO or epoch s/ms; header optional) and prints timestamp,value,expected,lower,upper,score,anomaly: one row for each
input row, from it and earlier rows only. A score of 1 or more is anomalous.

  --detector KIND    auto (default), another kind of detector, or what stands in a rule: '{kind: seasonal, period: 1w}'
  --budget N/week    false alarms allowed a series: 1/week (default); also /day, /month
  --out DIR          write DIR/<name of the input> each, in parallel, instead of standard output

Example: barograph detect cpu.csv > scores.csv
`,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, {
      detector: { type: 'string', default: 'auto' },
      budget: { type: 'string', default: '1/week' },
      out: { type: 'string' },
    })
    const budget_per_week = parseBudget(values.budget)
    if (budget_per_week === undefined)
      throw usageError(`--budget ${values.budget}: expected a count and a time, like 1/week or 2/day`)
    const options = { detector: detectorOf(values.detector), budget_per_week }
    return runFiles(positionals, values.out, terminal, (file, out) => ({ kind: 'detect', file, out, options }))
  },
}

/** A kind, or what stands under `detector:` in a rule: as it is written, for whoever makes it. */
function detectorOf(text: string): string | Readonly<Record<string, unknown>> {
  try {
    const given: unknown = parse(text)
    parseDetector(given)
    return given as string | Readonly<Record<string, unknown>>
  } catch (error) {
    if (!(error instanceof ServiceError || error instanceof YAMLError)) throw error
    throw usageError(`--detector ${text}: ${error.message.split('\n', 1)[0]}`)
  }
}
