import { assert } from '#core/assert.ts'

import { BYTES } from './proto-writer.ts'

const SERIES_FIELD: Readonly<Record<1 | 2, number>> = { 1: 1, 2: 5 }
/** Of a series: floats and histograms. */
const SAMPLE_FIELDS: Readonly<Record<1 | 2, readonly number[]>> = { 1: [2, 4], 2: [2, 3] }

/** A message cut in two between its series; undefined where there is only one. What is not a series is in both. */
export function halvesOf(message: Uint8Array, version: 1 | 2): readonly [Half, Half] | undefined {
  const shared: Uint8Array[] = []
  const series: Field[] = []
  for (const field of fieldsOf(message)) {
    if (field.field === SERIES_FIELD[version]) series.push(field)
    else shared.push(field.bytes)
  }
  if (series.length < 2) return undefined
  const middle = series.length >> 1
  const hasSample = ({ content }: Field): boolean =>
    [...fieldsOf(content)].some(({ field }) => SAMPLE_FIELDS[version].includes(field))
  const half = (part: readonly Field[]): Half => ({
    message: Uint8Array.from(Buffer.concat([...shared, ...part.map(({ bytes }) => bytes)])),
    samples: part.filter(hasSample).length,
  })
  return [half(series.slice(0, middle)), half(series.slice(middle))]
}

export interface Half {
  readonly message: Uint8Array
  /** Each in a series of its own. */
  readonly samples: number
}

interface Field {
  readonly field: number
  /** With the tag. */
  readonly bytes: Uint8Array
  readonly content: Uint8Array
}

/** Fields of a message that we wrote, a request or a series: they have nothing but fields with a length. */
function* fieldsOf(message: Uint8Array): Iterable<Field> {
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++]
      assert(byte !== undefined, 'our own message ends too early')
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }
  while (at < message.length) {
    const start = at
    const tag = varint()
    assert(tag % 8 === BYTES, 'our own message has a field without a length')
    const length = varint()
    at += length
    yield { field: Math.floor(tag / 8), bytes: message.subarray(start, at), content: message.subarray(at - length, at) }
  }
}
