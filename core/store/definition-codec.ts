import { ServiceError } from '../errors.ts'
import { Labels, type MetricType, type SeriesDefinition } from '../series.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import type { About } from './metric-table.ts'

/** Order is part of the format: only ever add at the end. */
const TYPES: readonly MetricType[] = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'summary',
  'gaugehistogram',
  'info',
  'stateset',
]
const KINDS: readonly SeriesDefinition['kind'][] = ['float', 'histogram', 'exponential', 'custom']

/** Labels as pairs, type, unit, help, kind of value, bounds: the same bytes in journal and checkpoint. */
export function writeDefinition(writer: ByteWriter, definition: SeriesDefinition): void {
  writer.varint(definition.labels.size)
  for (const [name, value] of definition.labels) {
    writer.text(name)
    writer.text(value)
  }
  writeAbout(writer, definition)
  writer.u8(KINDS.indexOf(definition.kind))
  writer.varint(definition.bounds.length)
  writer.column(definition.bounds)
}

/** Throws `ServiceError('bad_data')` for bytes that are no definition. */
export function readDefinition(reader: ByteReader): SeriesDefinition {
  const pairs: [string, string][] = []
  for (let left = reader.count(2); left > 0; left--) pairs.push([reader.text(), reader.text()])
  const about = readAbout(reader)
  const kind = known(KINDS, reader.u8(), 'kind of value')
  const bounds = reader.floats(reader.count(8))
  return { labels: Labels.of(pairs), ...about, kind, bounds }
}

/** Type, unit and help. */
export function writeAbout(writer: ByteWriter, { type, unit, help }: About): void {
  writer.u8(TYPES.indexOf(type))
  writer.text(unit)
  writer.text(help)
}

/** Throws `ServiceError('bad_data')` for bytes that are none. */
export function readAbout(reader: ByteReader): About {
  return { type: known(TYPES, reader.u8(), 'metric type'), unit: reader.text(), help: reader.text() }
}

function known<T>(list: readonly T[], index: number, what: string): T {
  const item = list[index]
  if (item === undefined) throw new ServiceError('bad_data', `${what} ${index} is not known to this version`)
  return item
}
