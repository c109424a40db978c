import { serviceOf } from '#core/series.ts'
import { type Span, SPAN_KINDS, type SpanLink } from '#core/signal.ts'
import type { Steps } from '#core/steps.ts'

import { numberOf, objectOf, objectsOf, textOf, timeOf } from '../wire/json-fields.ts'
import type { JsonObject } from '../wire/to-json.ts'
import { idOf } from './ids.ts'
import { labelValue } from './labels.ts'
import type { Rejections } from './rejections.ts'
import { resourceLabels, tooLong } from './resource.ts'
import { textOfValue } from './values.ts'

const STATUS_ERROR = 2
/** Spans that are read in one step. */
const STEP = 512
/** As many as SDKs keep of a span when nothing else is configured. */
const LINKS_MAX = 128

/** Who is called, by the first of these that is there. `…system` is the older name of `…system.name`. */
const PEER: readonly string[] = [
  'peer.service',
  'db.namespace',
  'db.name',
  'db.system.name',
  'db.system',
  'server.address',
]

/** Spans have many attributes, and few of them say this: only those are looked at. */
function peerOf(list: unknown): string {
  const found: string[] = []
  for (const attribute of objectsOf(list, 'attributes')) {
    const at = PEER.indexOf(textOf(attribute['key'], 'key'))
    if (at >= 0) found[at] = textOfValue(attribute['value'])
  }
  return labelValue(found.find((value) => value !== undefined && value !== '') ?? '')
}

/** What a span does with messages; the second is the older name. A client that fetches them is as good as a consumer. */
const OPERATION: ReadonlySet<string> = new Set(['messaging.operation.type', 'messaging.operation'])
const TAKING: ReadonlySet<string> = new Set(['receive', 'process'])

function takesMessages(kind: Span['kind'], attributes: unknown): boolean {
  if (kind !== 'client') return kind === 'consumer'
  const operation = objectsOf(attributes, 'attributes').find(({ key }) => OPERATION.has(textOf(key, 'key')))
  return operation !== undefined && TAKING.has(textOfValue(operation['value']))
}

/** Who takes messages in batches names their senders so, and by no parent. */
function linksOf(object: JsonObject, kind: Span['kind']): SpanLink[] {
  const list = objectsOf(object['links'], 'links')
  if (list.length === 0 || !takesMessages(kind, object['attributes'])) return []
  return list
    .slice(0, LINKS_MAX)
    .map((link) => ({ trace_id: idOf(link['traceId'], 'traceId', 16), span_id: idOf(link['spanId'], 'spanId', 8) }))
    .filter(({ trace_id, span_id }) => trace_id !== '' && span_id !== '')
}

function spanOf(object: JsonObject, service: string, rejections: Rejections): Span | undefined {
  const trace_id = idOf(object['traceId'], 'traceId', 16)
  const span_id = idOf(object['spanId'], 'spanId', 8)
  const start_ms = timeOf(object['startTimeUnixNano'], 'startTimeUnixNano')
  const end_ms = timeOf(object['endTimeUnixNano'], 'endTimeUnixNano')
  const kind = SPAN_KINDS[numberOf(object['kind'], 'kind') ?? 0] ?? 'unspecified'
  const links = linksOf(object, kind)
  const span: Span = {
    trace_id,
    span_id,
    parent_span_id: idOf(object['parentSpanId'], 'parentSpanId', 8),
    service,
    name: textOf(object['name'], 'name'),
    kind,
    start_ms,
    end_ms: Math.max(start_ms, end_ms),
    error: numberOf(objectOf(object['status'], 'status')?.['code'], 'code') === STATUS_ERROR,
    peer: peerOf(object['attributes']),
    ...(links.length > 0 && { links }),
  }
  if (trace_id === '' || span_id === '') rejections.add('id', 'a span has no trace id or no span id')
  else if (Number.isNaN(start_ms + end_ms)) {
    rejections.add('bad_time', 'the time of a span lies beyond every calendar')
  } else if (start_ms <= 0) rejections.add('no_time', 'a span has no start time')
  else return span
  return undefined
}

/** Spans of an `ExportTraceServiceRequest` in OTLP/JSON. Throws `ServiceError('bad_data')` where a type is wrong. */
export function* readingSpans(request: unknown, rejections: Rejections, value_length: number): Steps<Span[]> {
  const spans: Span[] = []
  for (const inResource of objectsOf(objectOf(request, 'request')?.['resourceSpans'], 'resourceSpans')) {
    const scopes = objectsOf(inResource['scopeSpans'], 'scopeSpans')
    // Labels cost more than anything else here.
    if (scopes.length === 0) continue
    const { promoted, target } = resourceLabels(inResource['resource'])
    const long = tooLong(promoted, value_length)
    const service = serviceOf(promoted) || (target.find(([name]) => name === 'job')?.[1] ?? '')
    for (const inScope of scopes) {
      for (const [i, object] of objectsOf(inScope['spans'], 'spans').entries()) {
        if ((i + 1) % STEP === 0) yield
        if (long !== undefined) {
          rejections.add('limit', long)
          continue
        }
        const span = spanOf(object, service, rejections)
        if (span !== undefined) spans.push(span.peer.length > value_length ? { ...span, peer: '' } : span)
      }
    }
  }
  return spans
}
