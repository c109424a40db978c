import type { Level, LogRecord } from '#core/signal.ts'
import { LEVELS } from '#core/signal.ts'

import { numberOf, objectOf, objectsOf, textOf, timeOf } from '../wire/json-fields.ts'
import type { JsonObject } from '../wire/to-json.ts'
import { idOf } from './ids.ts'
import type { Rejections } from './rejections.ts'
import { resourceLabels, tooLong } from './resource.ts'
import { textOfValue } from './values.ts'

/** Severity numbers come in sixes of four: 1–4 trace … 21–24 fatal. */
const PER_LEVEL = 4

/** Words of those who send no number. */
const WORDS: readonly (readonly [RegExp, Level])[] = [
  [/^(fatal|crit|emerg|alert|panic)/i, 'fatal'],
  [/^(err|severe)/i, 'error'],
  [/^warn/i, 'warn'],
  [/^(info|notice)/i, 'info'],
  [/^(debug|fine$|verbose)/i, 'debug'],
  [/^(trace|finest|finer)/i, 'trace'],
]

/** Info where nobody says. */
export function levelOf(severity: number, text: string): Level {
  const byNumber = LEVELS[Math.ceil(severity / PER_LEVEL) - 1]
  return byNumber ?? WORDS.find(([pattern]) => pattern.test(text))?.[1] ?? 'info'
}

function recordOf(object: JsonObject, labels: LogRecord['labels'], rejections: Rejections): LogRecord | undefined {
  const own_ms = timeOf(object['timeUnixNano'], 'timeUnixNano')
  const time_ms = own_ms === 0 ? timeOf(object['observedTimeUnixNano'], 'observedTimeUnixNano') : own_ms
  const severity = numberOf(object['severityNumber'], 'severityNumber') ?? 0
  const record: LogRecord = {
    time_ms,
    labels,
    level: levelOf(severity, textOf(object['severityText'], 'severityText')),
    body: textOfValue(object['body']) || textOf(object['eventName'], 'eventName'),
    trace_id: idOf(object['traceId'], 'traceId', 16),
    span_id: idOf(object['spanId'], 'spanId', 8),
  }
  if (time_ms > 0) return record
  if (time_ms === 0) rejections.add('no_time', 'a log record has no time')
  else rejections.add('bad_time', 'the time of a log record lies beyond every calendar')
  return undefined
}

/** Log records of an `ExportLogsServiceRequest` in OTLP/JSON. Throws `ServiceError('bad_data')` where a type is wrong. */
export function readLogs(request: unknown, rejections: Rejections, value_length: number): LogRecord[] {
  const records: LogRecord[] = []
  for (const inResource of objectsOf(objectOf(request, 'request')?.['resourceLogs'], 'resourceLogs')) {
    const scopes = objectsOf(inResource['scopeLogs'], 'scopeLogs')
    // Labels cost more than anything else here.
    if (scopes.length === 0) continue
    const { promoted } = resourceLabels(inResource['resource'])
    const long = tooLong(promoted, value_length)
    for (const inScope of scopes) {
      for (const object of objectsOf(inScope['logRecords'], 'logRecords')) {
        if (long !== undefined) {
          rejections.add('limit', long)
          continue
        }
        const record = recordOf(object, promoted, rejections)
        if (record !== undefined) records.push(record)
      }
    }
  }
  return records
}
