import { ServiceError } from '#core/errors.ts'
import { type Exemplar, EXEMPLAR_LENGTH } from '#core/sample.ts'
import { Labels } from '#core/series.ts'

import { numberOf, objectOf, timeOf } from '../wire/json-fields.ts'
import type { FoundExemplar } from '../wire/points.ts'
import { bytesOf, NO_SERIES } from './catalogue.ts'
import { idOf } from './ids.ts'
import { labelValue } from './labels.ts'
import type { Taking } from './taking.ts'
import { attributesOf } from './values.ts'

/** The names of attributes stay as they are. Where they are too long only the ids stay. Source: Prometheus' translation of OTLP exemplars. */
function labelsOfExemplar(object: Record<string, unknown>): Labels {
  const ids = {
    trace_id: idOf(object['traceId'], 'traceId', 16),
    span_id: idOf(object['spanId'], 'spanId', 8),
  }
  const own = attributesOf(object['filteredAttributes']).filter(([key]) => key !== '')
  const all = Labels.of([
    ...own.map(([key, value]): [string, string] => [labelValue(key), labelValue(value)]),
    ...Object.entries(ids),
  ])
  const length = [...all].reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  return length > EXEMPLAR_LENGTH ? Labels.of(ids) : all
}

function seriesOf({ identity }: Taking, code: number): number {
  const alias = identity.alias(code)
  if (alias < 0) return NO_SERIES
  const { catalogue } = identity
  const { data, delta } = identity.metric(code)
  if (data === 'histogram' || data === 'exponentialHistogram') return catalogue.lastRow[alias]!
  return delta ? (catalogue.parts.get(alias)?.get('') ?? NO_SERIES) : catalogue.series[alias]!
}

/** The exemplars of a request whose points were taken. What cannot be read is left out: it is a sample of a sample. */
export function takeExemplars(request: Taking, found: readonly FoundExemplar[]): Exemplar[] {
  const exemplars: Exemplar[] = []
  for (const { code, source, from, to } of found) {
    const series = seriesOf(request, code)
    if (series === NO_SERIES) continue
    try {
      const { wire } = request.identity.catalogue
      const object = objectOf(wire.exemplar(bytesOf(request.points.sources[source]!, from, to)), 'exemplar') ?? {}
      const time_ms = timeOf(object['timeUnixNano'], 'timeUnixNano')
      const value = numberOf(object['asDouble'], 'asDouble') ?? numberOf(object['asInt'], 'asInt')
      if (!(time_ms > 0) || value === undefined) continue
      exemplars.push({ series, time_ms, value, labels: labelsOfExemplar(object) })
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
    }
  }
  return exemplars
}
