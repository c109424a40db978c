import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { KIND_SCHEMAS } from '../../detectors/index.ts'
import { configSchema, DEFAULTS } from '../config.ts'
import { configurationReference, keysOf } from './configuration.ts'
import { detectorsReference } from './detectors.ts'
import { MEANINGS } from './meanings.ts'
import { type Instrument, instrumentsOf, metricsReference } from './metrics.ts'

const ROOT = join(import.meta.dirname, '../..')
const ROOMS = '{app,core,collector,query,detectors,alerting,scaling,upstream,api}'

/** What the rooms make at the port `Meter`, as their text says it. */
export function ownInstruments(): readonly Instrument[] {
  const sources = globSync(`${ROOMS}/**/*.ts`, { cwd: ROOT }).filter((file) => !/\.(?:test|fixture)\.ts$/.test(file))
  return sources.toSorted().flatMap((file) => instrumentsOf(file, readFileSync(join(ROOT, file), 'utf8')))
}

/** Every page of docs/reference that is generated: its path in the repository, and its text. */
export function referenceFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/reference/configuration.md', configurationReference(keysOf(configSchema, DEFAULTS), MEANINGS)],
    ['docs/reference/detectors.md', detectorsReference(KIND_SCHEMAS)],
    ['docs/reference/metrics.md', metricsReference(ownInstruments())],
  ])
}
