import { expect, test } from 'vitest'
import { parseDocument } from 'yaml'

import { keepTexts } from './texts.ts'

test('what is a text stays as it was written, other values are what they are', () => {
  const document = parseDocument(
    'labels: {version: 1.10, port: 0x60, on: true, none: , text: a}\nlimit: 1.10\nlist: [{labels: {x: 007}}]',
  )
  keepTexts(document, new Set(['labels']))
  expect(document.toJS()).toEqual({
    labels: { version: '1.10', port: '0x60', on: 'true', none: null, text: 'a' },
    limit: 1.1,
    list: [{ labels: { x: '007' } }],
  })
})
