import { expect, test } from 'vitest'

import { LeftBehind } from './left-behind.ts'

const MB = 2 ** 20

test('what was left behind is swept up each time there is enough of it', () => {
  let swept = 0
  const leftBehind = new LeftBehind(() => swept++)
  for (let i = 0; i < 3; i++) leftBehind.add(MB)
  expect(swept).toBe(0)
  leftBehind.add(MB)
  expect(swept).toBe(1)
  for (let i = 0; i < 3; i++) leftBehind.add(MB)
  expect(swept).toBe(1)
  leftBehind.add(64 * MB)
  expect(swept).toBe(2)
})
