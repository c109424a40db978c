import { z } from 'zod'

import { CHANGE_KINDS } from '#core/change.ts'
import { plainly } from '#core/config/problems.ts'
import { ServiceError } from '#core/errors.ts'
import { FEEDBACK } from '#core/finding.ts'
import type { Input, OtlpRequest, SamplesInput, SignalKind } from '#core/ports/intake.ts'

import { answersInput, answersLine, answersSchema } from './recorded-answers.ts'
import { samplesInput, samplesSchema } from './recorded-samples.ts'
import { parseJson } from './wire/json.ts'
import { requests } from './wire/schema.ts'
import { type JsonObject, toOtlpJson } from './wire/to-json.ts'

/** The last moment of the year 9999: RFC 3339 has four digits for a year. */
const LAST_TIME_MS = 253_402_300_799_999
const ROOTS: ReadonlyMap<string, SignalKind> = new Map([
  ['resourceMetrics', 'metrics'],
  ['resourceLogs', 'logs'],
  ['resourceSpans', 'traces'],
])

/** Where a line stands, for messages. */
export interface LineOrigin {
  readonly file: string
  /** From 1. */
  readonly line: number
}

/** RFC 3339 where it has whole milliseconds; the number itself else. */
function timeText(time_ms: number): string | number {
  return Number.isInteger(time_ms) && time_ms >= 0 && time_ms <= LAST_TIME_MS
    ? new Date(time_ms).toISOString()
    : time_ms
}

const time = z.union([z.number(), z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))], {
  error: 'an RFC 3339 time, or milliseconds',
})
const position = z.strictObject({
  topic: z.string(),
  partition: z.int().nonnegative(),
  offset: z.string().regex(/^\d+$/),
  topic_id: z.string().exactOptional(),
  anew: z.literal(true).exactOptional(),
})
const otlpLine = z.strictObject({
  otlp: z.enum(['metrics', 'logs', 'traces']),
  position: position.optional(),
  request: z.record(z.string(), z.unknown()),
})
const tickLine = z.strictObject({ tick: time, complete: time.optional(), share: z.number().positive().optional() })
const changeLine = z.strictObject({
  change: z.strictObject({
    id: z.string(),
    kind: z.enum(CHANGE_KINDS),
    service: z.string(),
    at: time,
    title: z.string(),
    source: z.string(),
    url: z.string(),
    until: time.optional(),
    factor: z.number().positive().exactOptional(),
  }),
})
const commandLine = z.strictObject({
  command: z.strictObject({
    command: z.enum(['ack', 'resolve']),
    incident: z.string(),
    by: z.string(),
    at: time,
  }),
})
const feedbackLine = z.strictObject({
  feedback: z.strictObject({ feedback: z.enum(FEEDBACK), finding: z.string(), by: z.string(), at: time }),
})

/** The text up to the request, which is kept as it came. */
function head({ signal, position: at }: OtlpRequest): string {
  const where = at === undefined ? '' : `"position":${JSON.stringify(at)},`
  return `{"otlp":"${signal}",${where}"request":`
}

function requestText({ signal, encoding, body }: OtlpRequest): string {
  if (encoding === 'proto') return JSON.stringify(toOtlpJson(body, requests[signal]))
  const request = parseJson(body)
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw new ServiceError('bad_data', 'a request in OTLP/JSON must be an object')
  }
  // Outside strings a line break means nothing, and inside they are escaped.
  return new TextDecoder()
    .decode(body)
    .trim()
    .replaceAll(/[\r\n]+/g, ' ')
}

/**
 * An input as a line of `input.jsonl`, without its line break; `readInput` gives it back, OTLP as JSON with the same
 * content. Samples that did not come as OTLP are written by `samplesLine`. Throws `ServiceError('bad_data')` for a body that cannot be read.
 */
export function inputLine(input: Exclude<Input, SamplesInput>): string {
  if (input.kind === 'otlp') return `${head(input)}${requestText(input)}}`
  if (input.kind === 'tick') {
    const { time_ms, complete_ms, share } = input
    const complete = complete_ms === undefined ? {} : { complete: timeText(complete_ms) }
    return JSON.stringify({ tick: timeText(time_ms), ...complete, ...(share !== undefined && { share }) })
  }
  if (input.kind === 'change') {
    const { at_ms, until_ms, id, kind, service, title, source, url, factor } = input.change
    const until = until_ms === undefined ? undefined : timeText(until_ms)
    return JSON.stringify({ change: { id, kind, service, at: timeText(at_ms), title, source, url, until, factor } })
  }
  if (input.kind === 'answers') return answersLine(input)
  if (input.kind === 'feedback') {
    const { feedback, finding, by, at_ms } = input
    return JSON.stringify({ feedback: { feedback, finding, by, at: timeText(at_ms) } })
  }
  const { command, incident, by, at_ms } = input
  return JSON.stringify({ command: { command, incident, by, at: timeText(at_ms) } })
}

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new ServiceError(
    'bad_data',
    `${issue?.path.join('.') ?? ''}: ${issue === undefined ? 'not understood' : plainly(issue)}`,
  )
}

function otlp(signal: SignalKind, text: string, at?: OtlpRequest['position']): OtlpRequest {
  const body = Buffer.from(text)
  return { kind: 'otlp', signal, encoding: 'json', body, ...(at === undefined ? {} : { position: at }) }
}

function ofObject(object: JsonObject, text: string): Input {
  if (Object.hasOwn(object, 'otlp')) {
    const { otlp: signal, position: at, request } = checked(otlpLine, object)
    const empty = otlp(signal, '', at)
    // A line of our own carries the request to its end, byte for byte; one that others wrote is written anew.
    const start = head(empty)
    return otlp(signal, text.startsWith(start) ? text.slice(start.length, -1) : JSON.stringify(request), at)
  }
  if (Object.hasOwn(object, 'samples')) return samplesInput(checked(samplesSchema, object))
  if (Object.hasOwn(object, 'answers')) return answersInput(checked(answersSchema, object))
  if (Object.hasOwn(object, 'tick')) {
    const { tick, complete, share } = checked(tickLine, object)
    return {
      kind: 'tick',
      time_ms: tick,
      ...(complete !== undefined && { complete_ms: complete }),
      ...(share !== undefined && { share }),
    }
  }
  if (Object.hasOwn(object, 'change')) {
    const { at, until, ...change } = checked(changeLine, object).change
    return { kind: 'change', change: { ...change, at_ms: at, ...(until !== undefined && { until_ms: until }) } }
  }
  if (Object.hasOwn(object, 'command')) {
    const { command, incident, by, at } = checked(commandLine, object).command
    return { kind: 'command', command, incident, by, at_ms: at }
  }
  if (Object.hasOwn(object, 'feedback')) {
    const { at, ...said } = checked(feedbackLine, object).feedback
    return { kind: 'feedback', ...said, at_ms: at }
  }
  for (const [root, signal] of ROOTS) if (Object.hasOwn(object, root)) return otlp(signal, text)
  throw new ServiceError(
    'bad_data',
    `one of otlp, samples, answers, tick, change, command, feedback, ${[...ROOTS.keys()].join(', ')} is expected`,
  )
}

/**
 * A line of a recording, or of a capture of OTLP/JSON requests as the Collector's file exporter writes it. Throws
 * `ServiceError('bad_data')` naming file, line and what was expected.
 */
export function readInput(line: string, { file, line: number }: LineOrigin): Input {
  const text = line.trim()
  try {
    const object = parseJson(text)
    if (typeof object !== 'object' || object === null || Array.isArray(object)) {
      throw new ServiceError('bad_data', 'a JSON object is expected')
    }
    return ofObject(object as JsonObject, text)
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    throw new ServiceError('bad_data', `${file}:${number}: ${error.message}`, { cause: error })
  }
}

/** The inputs of a recording, in order; empty lines are passed over. */
export async function* readInputs(
  lines: Iterable<string> | AsyncIterable<string>,
  file: string,
): AsyncGenerator<{ readonly input: Input; readonly line: number }> {
  let number = 0
  for await (const line of lines) {
    number++
    if (line.trim() !== '') yield { input: readInput(line, { file, line: number }), line: number }
  }
}
