import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'

import { ServiceError } from '#core/errors.ts'

import { parseBudget } from '../../detectors/index.ts'

export const HELP = `
Usage: npm run quality -- NAME [OPTIONS]

  nab           Numenta Anomaly Benchmark, three profiles, at the best threshold and at the product's own; the five AWS
                series of OpenSearch's comparison. --data: the repository (data/, labels/, results/)
  kpi           delay-7 F1 on web-service KPIs. --data: files timestamp,value,label,part
  calibration   alarms against the budget on 18 kinds of seeded streams, where nothing happens
  faults        faults of ten shapes put into these streams: found, precision, delay
  cycles        faults of cycles that are no part of a day: found, and alarms against the budget where there is none
  real          alarms against the budget on series without labels: M4 Hourly, ETT, NASA, KPIs as they are.
                --data: the folder that has m4/, ett/, traces/, wsd/

  --detector KIND   auto (default) or another kind
  --budget N/week   2/week for calibration, faults, cycles and real; 1/week, as of \`barograph detect\`, for nab and kpi
  --files           one row a file, a series, a stream and seed
  --seed N          the first seed: 1. Tune on these and look at others in the end
  --seeds N         how many: 3
  --weeks N         length of streams: 6 (of cycles 10 days)
  --later MINUTES   each series begins so much later: how far figures hang on where it begins. 0
  --step SECONDS    between samples: 0, as is usual for each kind of stream

Originals: github.com/numenta/NAB, github.com/alumik/AnoTransfer-data (WSD), github.com/Mcompetitions/M4-methods,
github.com/zhouhaoyi/ETDataset, ita.ee.lbl.gov (NASA-HTTP). None of it is in this repository.
`

export interface QualityOptions {
  readonly data: string
  readonly detector: string
  readonly budget_per_week: number
  readonly files: boolean
  readonly seeds: readonly number[]
  readonly weeks: number
  /** What comes before is not seen, and scores 0. */
  readonly later_ms: number
  /** 0: each stream's own. */
  readonly step_ms: number
}

interface Measurement {
  /** Alarms allowed where nothing is said. */
  readonly budget: string
  /** It measures on data that `--data` names. */
  readonly data?: true
}

/** Throws `ServiceError('bad_data')`. */
export function readOptions(args: readonly string[], { budget, data }: Measurement): QualityOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: 'string', default: '' },
      detector: { type: 'string', default: 'auto' },
      budget: { type: 'string', default: budget },
      files: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      seeds: { type: 'string', default: '3' },
      weeks: { type: 'string', default: '6' },
      later: { type: 'string', default: '0' },
      step: { type: 'string', default: '0' },
    },
  })
  const budget_per_week = parseBudget(values.budget)
  if (budget_per_week === undefined)
    throw new ServiceError('bad_data', `--budget ${values.budget}: expected 2/week or the like`)
  if (data === true && !existsSync(values.data)) {
    const what = values.data === '' ? '--data is missing' : `--data ${values.data}: there is no such folder`
    throw new ServiceError('bad_data', `${what}; --help says which data, and where it comes from`)
  }
  return {
    data: values.data,
    detector: values.detector,
    budget_per_week,
    files: values.files,
    seeds: Array.from({ length: Number(values.seeds) }, (_, i) => Number(values.seed) + i),
    weeks: Number(values.weeks),
    later_ms: Number(values.later) * 60_000,
    step_ms: Number(values.step) * 1000,
  }
}
