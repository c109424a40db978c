/** How a scalar stands on the wire; `hex` are bytes written as hex in OTLP/JSON, `bytes` as base64. */
export type Scalar =
  | 'string'
  | 'bytes'
  | 'hex'
  | 'bool'
  | 'int32'
  | 'uint32'
  | 'sint32'
  | 'int64'
  | 'uint64'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed64'
  | 'double'

export interface Field {
  readonly name: string
  readonly type: Scalar | (() => Message)
  readonly repeated: boolean
  /** Fields of one group exclude each other: the last on the wire stays. */
  readonly oneof: string
}

export type Message = ReadonlyMap<number, Field>

type Short = readonly [number, string, Field['type'], ('repeated' | `oneof ${string}`)?]

function message(...fields: readonly Short[]): Message {
  return new Map(
    fields.map(([number, name, type, how = '']) => {
      const oneof = how.startsWith('oneof ') ? how.slice(6) : ''
      return [number, { name, type, repeated: how === 'repeated', oneof }]
    }),
  )
}

// Numbers and names of opentelemetry-proto v1.11: common, resource, metrics, logs, trace.

const anyValue: Message = message(
  [1, 'stringValue', 'string', 'oneof value'],
  [2, 'boolValue', 'bool', 'oneof value'],
  [3, 'intValue', 'int64', 'oneof value'],
  [4, 'doubleValue', 'double', 'oneof value'],
  [5, 'arrayValue', () => arrayValue, 'oneof value'],
  [6, 'kvlistValue', () => kvlistValue, 'oneof value'],
  [7, 'bytesValue', 'bytes', 'oneof value'],
)
const keyValue: Message = message([1, 'key', 'string'], [2, 'value', () => anyValue])
const arrayValue: Message = message([1, 'values', () => anyValue, 'repeated'])
const kvlistValue: Message = message([1, 'values', () => keyValue, 'repeated'])
const entityRef: Message = message(
  [1, 'schemaUrl', 'string'],
  [2, 'type', 'string'],
  [3, 'idKeys', 'string', 'repeated'],
  [4, 'descriptionKeys', 'string', 'repeated'],
)
const scope: Message = message(
  [1, 'name', 'string'],
  [2, 'version', 'string'],
  [3, 'attributes', () => keyValue, 'repeated'],
  [4, 'droppedAttributesCount', 'uint32'],
)

export const resource: Message = message(
  [1, 'attributes', () => keyValue, 'repeated'],
  [2, 'droppedAttributesCount', 'uint32'],
  [3, 'entityRefs', () => entityRef, 'repeated'],
)

export const exemplar: Message = message(
  [7, 'filteredAttributes', () => keyValue, 'repeated'],
  [2, 'timeUnixNano', 'fixed64'],
  [3, 'asDouble', 'double', 'oneof value'],
  [6, 'asInt', 'sfixed64', 'oneof value'],
  [4, 'spanId', 'hex'],
  [5, 'traceId', 'hex'],
)

export const numberPoint: Message = message(
  [7, 'attributes', () => keyValue, 'repeated'],
  [2, 'startTimeUnixNano', 'fixed64'],
  [3, 'timeUnixNano', 'fixed64'],
  [4, 'asDouble', 'double', 'oneof value'],
  [6, 'asInt', 'sfixed64', 'oneof value'],
  [5, 'exemplars', () => exemplar, 'repeated'],
  [8, 'flags', 'uint32'],
)

export const histogramPoint: Message = message(
  [9, 'attributes', () => keyValue, 'repeated'],
  [2, 'startTimeUnixNano', 'fixed64'],
  [3, 'timeUnixNano', 'fixed64'],
  [4, 'count', 'fixed64'],
  [5, 'sum', 'double'],
  [6, 'bucketCounts', 'fixed64', 'repeated'],
  [7, 'explicitBounds', 'double', 'repeated'],
  [8, 'exemplars', () => exemplar, 'repeated'],
  [10, 'flags', 'uint32'],
  [11, 'min', 'double'],
  [12, 'max', 'double'],
)

const exponentialBuckets: Message = message([1, 'offset', 'sint32'], [2, 'bucketCounts', 'uint64', 'repeated'])
export const exponentialPoint: Message = message(
  [1, 'attributes', () => keyValue, 'repeated'],
  [2, 'startTimeUnixNano', 'fixed64'],
  [3, 'timeUnixNano', 'fixed64'],
  [4, 'count', 'fixed64'],
  [5, 'sum', 'double'],
  [6, 'scale', 'sint32'],
  [7, 'zeroCount', 'fixed64'],
  [8, 'positive', () => exponentialBuckets],
  [9, 'negative', () => exponentialBuckets],
  [10, 'flags', 'uint32'],
  [11, 'exemplars', () => exemplar, 'repeated'],
  [12, 'min', 'double'],
  [13, 'max', 'double'],
  [14, 'zeroThreshold', 'double'],
)

const quantileValue: Message = message([1, 'quantile', 'double'], [2, 'value', 'double'])

export const summaryPoint: Message = message(
  [7, 'attributes', () => keyValue, 'repeated'],
  [2, 'startTimeUnixNano', 'fixed64'],
  [3, 'timeUnixNano', 'fixed64'],
  [4, 'count', 'fixed64'],
  [5, 'sum', 'double'],
  [6, 'quantileValues', () => quantileValue, 'repeated'],
  [8, 'flags', 'uint32'],
)

function points(point: Message): () => Message {
  const data = message(
    [1, 'dataPoints', () => point, 'repeated'],
    [2, 'aggregationTemporality', 'int32'],
    [3, 'isMonotonic', 'bool'],
  )
  return () => data
}

const metric: Message = message(
  [1, 'name', 'string'],
  [2, 'description', 'string'],
  [3, 'unit', 'string'],
  [5, 'gauge', points(numberPoint), 'oneof data'],
  [7, 'sum', points(numberPoint), 'oneof data'],
  [9, 'histogram', points(histogramPoint), 'oneof data'],
  [10, 'exponentialHistogram', points(exponentialPoint), 'oneof data'],
  [11, 'summary', points(summaryPoint), 'oneof data'],
  [12, 'metadata', () => keyValue, 'repeated'],
)

const logRecord: Message = message(
  [1, 'timeUnixNano', 'fixed64'],
  [11, 'observedTimeUnixNano', 'fixed64'],
  [2, 'severityNumber', 'int32'],
  [3, 'severityText', 'string'],
  [5, 'body', () => anyValue],
  [6, 'attributes', () => keyValue, 'repeated'],
  [7, 'droppedAttributesCount', 'uint32'],
  [8, 'flags', 'fixed32'],
  [9, 'traceId', 'hex'],
  [10, 'spanId', 'hex'],
  [12, 'eventName', 'string'],
)

const spanEvent: Message = message(
  [1, 'timeUnixNano', 'fixed64'],
  [2, 'name', 'string'],
  [3, 'attributes', () => keyValue, 'repeated'],
  [4, 'droppedAttributesCount', 'uint32'],
)
const spanLink: Message = message(
  [1, 'traceId', 'hex'],
  [2, 'spanId', 'hex'],
  [3, 'traceState', 'string'],
  [4, 'attributes', () => keyValue, 'repeated'],
  [5, 'droppedAttributesCount', 'uint32'],
  [6, 'flags', 'fixed32'],
)
const spanStatus: Message = message([2, 'message', 'string'], [3, 'code', 'int32'])
const span: Message = message(
  [1, 'traceId', 'hex'],
  [2, 'spanId', 'hex'],
  [3, 'traceState', 'string'],
  [4, 'parentSpanId', 'hex'],
  [16, 'flags', 'fixed32'],
  [5, 'name', 'string'],
  [6, 'kind', 'int32'],
  [7, 'startTimeUnixNano', 'fixed64'],
  [8, 'endTimeUnixNano', 'fixed64'],
  [9, 'attributes', () => keyValue, 'repeated'],
  [10, 'droppedAttributesCount', 'uint32'],
  [11, 'events', () => spanEvent, 'repeated'],
  [12, 'droppedEventsCount', 'uint32'],
  [13, 'links', () => spanLink, 'repeated'],
  [14, 'droppedLinksCount', 'uint32'],
  [15, 'status', () => spanStatus],
)

function without(whole: Message, ...names: readonly string[]): Message {
  return new Map([...whole].filter(([, { name }]) => !names.includes(name)))
}

/** What says whose the items of a scope are: with these fields alone. */
export const scopeHead: Message = message([1, 'scope', () => scope], [3, 'schemaUrl', 'string'])

/** `ExportXServiceRequest`: resources, in them scopes, in them items. */
function request(resources: string, scopes: string, items: readonly [string, Message]): Message {
  const inScope = message(
    [1, 'scope', () => scope],
    [2, items[0], () => items[1], 'repeated'],
    [3, 'schemaUrl', 'string'],
  )
  const inResource = message(
    [1, 'resource', () => resource],
    [2, scopes, () => inScope, 'repeated'],
    [3, 'schemaUrl', 'string'],
  )
  return message([1, resources, () => inResource, 'repeated'])
}

/** By signal. */
export const requests = {
  metrics: request('resourceMetrics', 'scopeMetrics', ['metrics', metric]),
  logs: request('resourceLogs', 'scopeLogs', ['logRecords', logRecord]),
  traces: request('resourceSpans', 'scopeSpans', ['spans', span]),
} as const

const readLink = without(spanLink, 'traceState', 'attributes', 'droppedAttributesCount', 'flags')
const readSpan: Message = new Map([
  ...without(span, 'traceState', 'flags', 'events'),
  ...message([13, 'links', () => readLink, 'repeated']),
])

/** Of what becomes no part of us nothing is made. */
export const read = {
  logs: requests.logs,
  traces: request('resourceSpans', 'scopeSpans', ['spans', readSpan]),
} as const
