// The names of all series that Barograph makes, as its store has them.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** Written back as series. */
const RESULTS = [
  'ALERTS',
  'ALERTS_FOR_STATE',
  'barograph_expected',
  'barograph_forecast',
  'barograph_forecast_ahead',
  'barograph_lower',
  'barograph_replicas',
  'barograph_score',
  'barograph_upper',
]
/** Of `@opentelemetry/host-metrics`, which gives its gauges no unit. */
const HOST = [
  'process_cpu_time_seconds_total',
  'process_cpu_utilization',
  'process_memory_usage',
  'system_cpu_time_seconds_total',
  'system_cpu_utilization',
  'system_memory_usage',
  'system_memory_utilization',
]

/** UCUM to the words that Prometheus' names end in. */
const WORDS: Readonly<Record<string, string>> = { s: 'seconds', ms: 'milliseconds', By: 'bytes', '1': 'ratio' }

/** `barograph.store.size`, unit `By`, a gauge: `barograph_store_size_bytes`. */
export function seriesNames(kind: string, name: string, unit: string): string[] {
  const word = unit.startsWith('{') ? undefined : WORDS[unit]
  const ratio = unit === '1' && kind !== 'gauge'
  const base = name.replaceAll('.', '_') + (word === undefined || ratio ? '' : `_${word}`)
  if (kind === 'histogram') return [`${base}_bucket`, `${base}_count`, `${base}_sum`]
  return [kind === 'counter' ? `${base}_total` : base]
}

const METER = /\.(counter|histogram|gauge)\(\s*'(barograph\.[\w.]+)',\s*\{([^}]*)\}/g

/** Every instrument that the rooms make at the port `Meter`, found in their text. */
function instruments(): string[] {
  const files = globSync('{app,core,collector,query,detectors,alerting,scaling,upstream,api}/**/*.ts', { cwd: ROOT })
  return files
    .filter((file) => !file.endsWith('.test.ts'))
    .flatMap((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8')
      const shared = /const unit = '([^']*)'/.exec(text)?.[1] ?? ''
      return [...text.matchAll(METER)].flatMap(([, kind = '', name = '', options = '']) => {
        const own = /\bunit: '([^']*)'/.exec(options)?.[1]
        return seriesNames(kind, name, own ?? (/\bunit\b(?!:)/.test(options.replaceAll(/'[^']*'/g, '')) ? shared : ''))
      })
    })
}

/** Names of series, of which a dashboard may ask for no other. */
export function emittedSeries(): ReadonlySet<string> {
  return new Set([...RESULTS, ...HOST, ...instruments()])
}
