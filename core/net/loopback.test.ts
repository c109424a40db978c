import { expect, test } from 'vitest'

import { urlAt } from './loopback.ts'

test.each([
  ['localhost', 'http://localhost:4318'],
  ['127.0.0.1', 'http://127.0.0.1:4318'],
  ['::1', 'http://[::1]:4318'],
  ['0.0.0.0', 'http://localhost:4318'],
  ['::', 'http://localhost:4318'],
  ['fd00::7', 'http://[fd00::7]:4318'],
  ['barograph.example.com', 'http://barograph.example.com:4318'],
])('a listener on %s is asked at %s', (host, url) => {
  expect(urlAt(host, 4318)).toBe(url)
  expect(URL.canParse(url)).toBe(true)
})
