import type { ErrorCode } from '#core/errors.ts'

type Envelope = Readonly<Record<string, unknown>>

/** Thanos answers without the stores that fail, unless this parameter says `false`; others pass over it. */
export const PARTIAL_RESPONSE = 'partial_response'

/** What Prometheus has to say of an expression, and of what we wanted no more of. Every other warning is about data that were not to be had. */
const OF_QUESTION = /^PromQL (?:warning|info):|truncated due to limit/

/** How Thanos speaks of its stores, whatever `errorType` it gives; the first that is found. */
const OF_STORES: readonly (readonly [RegExp, ErrorCode])[] = [
  [/code = ResourceExhausted|exceeded \w+ limit/, 'too_large'],
  [/code = DeadlineExceeded|context deadline exceeded|failed to receive any data (?:in|from)/, 'timeout'],
  [
    /code = Unavailable|No StoreAPIs available|[Nn]ot ready|connection (?:refused|reset)|send request|\bEOF\b/,
    'unavailable',
  ],
]

/** What became of a query for which others had to be asked, from the text of an error or a warning; undefined where it is not about them. */
export function storeFailureOf(text: string): ErrorCode | undefined {
  return OF_STORES.find(([pattern]) => pattern.test(text))?.[1]
}

/** An answer that says of itself that it may lack something. */
export interface Shortage {
  readonly why: string
  /** It does lack something. Others were told, as of a remote read that failed. */
  readonly partial: boolean
}

/** Undefined where nothing is missing. `isPartial` is said by clusters of VictoriaMetrics, warnings by Thanos. */
export function shortageOf(envelope: Envelope): Shortage | undefined {
  const { isPartial, warnings } = envelope
  const said = Array.isArray(warnings) ? warnings.map(String).filter((text) => !OF_QUESTION.test(text)) : []
  const ofStore = said.find((text) => storeFailureOf(text) !== undefined)
  if (isPartial === true || ofStore !== undefined)
    return { why: ofStore ?? said[0] ?? 'it says that the answer is partial', partial: true }
  return said[0] === undefined ? undefined : { why: said[0], partial: false }
}
