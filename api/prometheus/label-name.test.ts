import { expect, test } from 'vitest'

import { labelNameOf } from './label-name.ts'

test.each([
  ['job', 'job'],
  ['__name__', '__name__'],
  ['U__a_2e_b', 'a.b'],
  ['U__with__underscore', 'with_underscore'],
  ['U___4e2d_', '中'],
  ['U__broken_2e', 'U__broken_2e'],
  ['U__', 'U__'],
  ['U__-_zz_', 'U__-_zz_'],
  ['any-name', 'any-name'],
  ['a.b', 'a.b'],
])('the path segment %s names the label %s', (segment, name) => {
  expect(labelNameOf(segment)).toBe(name)
})
