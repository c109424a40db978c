import type { Labels } from '#core/series.ts'
import type { LogRecord } from '#core/signal.ts'
import type { Steps } from '#core/steps.ts'

import { numberOf, objectOf, objectsOf, textOf, timeOf } from '../wire/json-fields.ts'
import type { JsonObject } from '../wire/to-json.ts'
import { idOf } from './ids.ts'
import { levelOfSeverity, levelShown } from './levels.ts'
import type { Rejections } from './rejections.ts'
import { resourceLabels, tooLong } from './resource.ts'
import { kept, saidBy } from './said.ts'
import { attributesOf } from './values.ts'

/** Records that are read in one step. */
const STEP = 512

/** An exception that is recorded as an event has no body: its attributes say what it was. */
function exceptionOf(object: JsonObject): string {
  const attributes = new Map(attributesOf(object['attributes']))
  const words = ['exception.type', 'exception.message'].map((key) => attributes.get(key) ?? '')
  return kept(words.filter((word) => word !== '').join(': '))
}

function recordOf(object: JsonObject, labels: LogRecord['labels'], rejections: Rejections): LogRecord | undefined {
  const own_ms = timeOf(object['timeUnixNano'], 'timeUnixNano')
  const time_ms = own_ms === 0 ? timeOf(object['observedTimeUnixNano'], 'observedTimeUnixNano') : own_ms
  const severity = numberOf(object['severityNumber'], 'severityNumber') ?? 0
  const said = saidBy(object['body'])
  const named = levelOfSeverity(severity, textOf(object['severityText'], 'severityText')) ?? said.level
  const record: LogRecord = {
    time_ms,
    labels,
    // Info where nobody says.
    level: named ?? levelShown(said.text) ?? 'info',
    body: said.text || exceptionOf(object) || kept(textOf(object['eventName'], 'eventName')),
    trace_id: idOf(object['traceId'], 'traceId', 16),
    span_id: idOf(object['spanId'], 'spanId', 8),
  }
  if (time_ms > 0) return record
  if (time_ms === 0) rejections.add('no_time', 'a log record has no time')
  else rejections.add('bad_time', 'the time of a log record lies beyond every calendar')
  return undefined
}

/** What a service is called that nobody named: as Kubernetes runs it. A collector that reads files of containers knows no more. */
const WORKLOADS = ['k8s_deployment_name', 'k8s_statefulset_name', 'k8s_daemonset_name', 'k8s_container_name'] as const

function withService(labels: Labels): Labels {
  if (labels.has('service_name')) return labels
  const workload = WORKLOADS.find((name) => labels.has(name))
  return workload === undefined ? labels : labels.with('service_name', labels.get(workload))
}

/** Log records of an `ExportLogsServiceRequest` in OTLP/JSON. Throws `ServiceError('bad_data')` where a type is wrong. */
export function* readingLogs(request: unknown, rejections: Rejections, value_length: number): Steps<LogRecord[]> {
  const records: LogRecord[] = []
  for (const inResource of objectsOf(objectOf(request, 'request')?.['resourceLogs'], 'resourceLogs')) {
    const scopes = objectsOf(inResource['scopeLogs'], 'scopeLogs')
    // Labels cost more than anything else here.
    if (scopes.length === 0) continue
    const promoted = withService(resourceLabels(inResource['resource']).promoted)
    const long = tooLong(promoted, value_length)
    for (const inScope of scopes) {
      for (const [i, object] of objectsOf(inScope['logRecords'], 'logRecords').entries()) {
        if ((i + 1) % STEP === 0) yield
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
