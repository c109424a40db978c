import type { Labels } from '#core/series.ts'

import type { ForecastSpec } from '../forecasting/spec.ts'
import type { AnomalySpec } from '../scoring/spec.ts'
import type { Template } from './template/template.ts'

interface Common {
  /** File, group, kind and name; state is kept under it. */
  readonly key: string
  readonly name: string
  readonly expr: string
  /** As written, for `/api/v1/rules`. */
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly for_ms: number
  /** The upstream that evaluates it; undefined where it is evaluated here. */
  readonly datasource?: string
}

export interface RecordRule extends Common {
  readonly kind: 'record'
  /** Added to each result. */
  readonly extra: Labels
}

export interface AlertRule extends Common {
  readonly kind: 'alert'
  readonly keep_firing_ms: number
  readonly labelTemplates: readonly (readonly [string, Template])[]
  readonly annotationTemplates: readonly (readonly [string, Template])[]
}

export interface AnomalyRule extends Common {
  readonly kind: 'anomaly'
  readonly spec: AnomalySpec
}

export interface ForecastRule extends Common {
  readonly kind: 'forecast'
  readonly spec: ForecastSpec
}

export type Rule = RecordRule | AlertRule | AnomalyRule | ForecastRule

export interface RuleGroup {
  readonly name: string
  readonly file: string
  readonly interval_ms: number
  /** Steps are evaluated as of so much earlier. */
  readonly offset_ms: number
  /** Most series of one rule; 0: no limit. */
  readonly limit: number
  /** Name of an upstream; undefined where data is here. */
  readonly datasource?: string | undefined
  readonly rules: readonly Rule[]
}
