import { expect, test } from 'vitest'

import { boundOf } from './power-bounds.ts'

test('bounds between powers of two are those that Prometheus prints', () => {
  expect([1, 2, 3].map((index) => boundOf(index, 2))).toEqual([
    1.189207115002721,
    2 * 0.7071067811865475,
    1.6817928305074288,
  ])
  expect([-1, -2, 3].map((index) => boundOf(index, 2))).toEqual([
    0.8408964152537144, 0.7071067811865475, 1.6817928305074288,
  ])
  expect(boundOf(1, 3)).toBe(1.0905077326652577)
})

test('every fourth bucket of a schema ends where one of the schema two below does', () => {
  for (let schema = 2; schema <= 8; schema++) {
    for (let index = -300; index < 300; index++) expect(boundOf(index * 4, schema)).toBe(boundOf(index, schema - 2))
  }
})

test('bounds rise, and are powers of two where they are meant to be', () => {
  for (let index = -1024; index < 1024; index++) {
    expect(boundOf(index, 8)).toBeLessThan(boundOf(index + 1, 8))
    expect(Math.abs(boundOf(index, 8) / 2 ** (index / 256) - 1)).toBeLessThan(1e-15)
  }
  expect([boundOf(512, 8), boundOf(-3, 0), boundOf(2, -2)]).toEqual([4, 0.125, 256])
})

test('beyond the largest float there is that float, then nothing that ends', () => {
  for (const schema of [0, 3, 8]) {
    expect(boundOf(1024 * 2 ** schema, schema)).toBe(Number.MAX_VALUE)
    expect(boundOf(1024 * 2 ** schema + 1, schema)).toBe(Infinity)
  }
})
