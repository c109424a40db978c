import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { outcomeOf } from '../../testing/decoding.fixture.ts'
import { printed, samples } from '../testing/page.arbitrary.fixture.ts'
import { reading } from '../testing/reading.fixture.ts'
import { FORBIDDEN, GOOD } from './openmetrics-corpus.fixture.ts'

const END = { text: '', openmetrics: '# EOF\n' } as const

describe.each(['text', 'openmetrics'] as const)('pages of %s', (format) => {
  test('say when read what was printed, page after page', () => {
    fc.assert(
      fc.property(fc.array(samples, { maxLength: 4 }), (pages) => {
        const { read } = reading(format)
        for (const page of [...pages, ...pages]) {
          const seen = read(printed(page, format) + END[format])
          expect(seen.map(({ name, labels, value, time_ms }) => ({ name, labels, value, time_ms }))).toEqual(
            page.map(({ name, labels, value, time_ms }) => {
              return { name, labels: Object.fromEntries(labels), value, time_ms: time_ms ?? NaN }
            }),
          )
        }
      }),
      { numRuns: 300 },
    )
  })

  test('that are cut off or garbled are read or refused, and leave the reader whole', () => {
    const good = `${[...GOOD, ...FORBIDDEN].flatMap(([, ...lines]) => lines).join('\n')}\n`
    const bytes = Buffer.from(good)
    fc.assert(
      fc.property(
        fc.nat(bytes.length),
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 20 }),
        fc.uint8Array({ maxLength: 60 }),
        (length, changes, noise) => {
          const { read } = reading(format)
          const garbled = Buffer.from(bytes)
          for (const [at, byte] of changes) garbled[at] = byte
          for (const page of [garbled.subarray(0, length), Buffer.concat([garbled, noise]), Buffer.from(noise)]) {
            expect(['read', 'bad_data']).toContain(outcomeOf(() => read(page)))
          }
          expect(read(`x{y="z"} 1\n${END[format]}`)).toMatchObject([{ name: 'x', labels: { y: 'z' }, value: 1 }])
        },
      ),
      { numRuns: 300 },
    )
  })
})
