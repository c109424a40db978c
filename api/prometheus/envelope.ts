import type { ErrorCode } from '#core/errors.ts'

import type { JsonBytes } from './json-bytes.ts'

/** Prometheus sends no more of each, and then says how many there are. */
const MOST_NOTES = 10

export const TRUNCATED = 'results truncated due to limit'

export interface Notes {
  readonly warnings?: readonly string[]
  readonly infos?: readonly string[]
}

function notesJson(name: keyof Notes, notes: readonly string[] = []): string {
  if (notes.length === 0) return ''
  const shown = notes.slice(0, MOST_NOTES)
  const omitted = notes.length - shown.length
  if (omitted > 0) shown.push(`${omitted} more ${name === 'infos' ? 'info' : 'warning'} annotations omitted`)
  return `,"${name}":${JSON.stringify(shown)}`
}

export function jsonResponse(
  body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>,
  status = 200,
): Response {
  return new Response(body, { status, headers: { 'content-type': 'application/json' } })
}

/** The success envelope around data that is written by and by; `data` returns its notes. */
export function* successPieces(json: JsonBytes, data: Generator<undefined, Notes>): Generator<undefined, void> {
  json.text('{"status":"success","data":')
  const { warnings, infos } = yield* data
  json.text(notesJson('warnings', warnings))
  json.text(notesJson('infos', infos))
  json.text('}')
}

/** The success envelope around data that is JSON text already. */
export function successText(data: string, notes: Notes = {}): Response {
  const told = notesJson('warnings', notes.warnings) + notesJson('infos', notes.infos)
  return jsonResponse(`{"status":"success","data":${data}${told}}`, 200)
}

/** As Go writes it: what HTML would take for its own is escaped, and some clients hand it on as it is. */
function goJson(data: unknown): string {
  return JSON.stringify(data).replaceAll(/[<>&\u2028\u2029]/g, (char) => {
    return `\\u${char.codePointAt(0)!.toString(16).padStart(4, '0')}`
  })
}

/** A list as the data of the envelope, one element between two yields. */
export function* listPieces(json: JsonBytes, list: readonly unknown[], notes: Notes): Generator<undefined, Notes> {
  json.text('[')
  for (const [i, element] of list.entries()) {
    yield
    if (i > 0) json.text(',')
    json.text(goJson(element))
  }
  json.text(']')
  return notes
}

export function success(data: unknown, notes: Notes = {}): Response {
  return successText(goJson(data), notes)
}

/** What Prometheus calls our codes; its clients know no others. */
const ERROR_TYPES: Readonly<Record<ErrorCode, string>> = {
  bad_data: 'bad_data',
  bad_config: 'bad_data',
  not_found: 'not_found',
  conflict: 'bad_data',
  too_large: 'bad_data',
  unsupported_media: 'bad_data',
  execution: 'execution',
  overloaded: 'unavailable',
  canceled: 'canceled',
  internal: 'internal',
  unavailable: 'unavailable',
  timeout: 'timeout',
}

export function failure(code: ErrorCode, message: string, status: number): Response {
  return jsonResponse(goJson({ status: 'error', errorType: ERROR_TYPES[code], error: message }), status)
}
