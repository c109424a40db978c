import { assert } from '#core/assert.ts'

import { BYTES } from './proto-writer.ts'

const SERIES_FIELD: Readonly<Record<1 | 2, number>> = { 1: 1, 2: 5 }

/** A message cut in two between its series; undefined where there is only one. What is not a series is in both. */
export function halvesOf(message: Uint8Array, version: 1 | 2): readonly [Half, Half] | undefined {
  const shared: Uint8Array[] = []
  const series: Uint8Array[] = []
  for (const { field, bytes } of fieldsOf(message)) (field === SERIES_FIELD[version] ? series : shared).push(bytes)
  if (series.length < 2) return undefined
  const middle = series.length >> 1
  const half = (part: readonly Uint8Array[]): Half => ({
    message: Uint8Array.from(Buffer.concat([...shared, ...part])),
    series: part.length,
  })
  return [half(series.slice(0, middle)), half(series.slice(middle))]
}

export interface Half {
  readonly message: Uint8Array
  readonly series: number
}

/** Top-level fields with their tags. Only of messages that we wrote: they have nothing but fields with a length. */
function* fieldsOf(message: Uint8Array): Iterable<{ field: number; bytes: Uint8Array }> {
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
    yield { field: Math.floor(tag / 8), bytes: message.subarray(start, at) }
  }
}
