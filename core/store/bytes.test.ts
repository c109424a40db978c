import fc from 'fast-check'
import { expect, test } from 'vitest'

import { ByteReader, ByteWriter } from './bytes.ts'

test('texts come back as they were written, a byte order mark at their beginning included', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), (texts) => {
      const writer = new ByteWriter(1)
      for (const text of texts) writer.text(text)
      const reader = new ByteReader(writer.view())
      expect(texts.map(() => reader.text())).toEqual(texts)
    }),
    { examples: [[['\uFEFF', '\uFEFFx', 'x\uFEFF']]] },
  )
})
