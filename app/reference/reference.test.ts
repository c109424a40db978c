import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'
import { z } from 'zod'

import { bytes } from '#core/config/bytes.ts'
import { duration } from '#core/config/duration.ts'

import { NAMINGS, USUAL } from '../../collector/naming/names.ts'
import { KIND_SCHEMAS } from '../../detectors/index.ts'
import { configSchema, DEFAULTS } from '../config.ts'
import { keysOf } from './configuration.ts'
import { DETECTOR_MEANINGS, keysOfKind } from './detectors.ts'
import { ownInstruments, referenceFiles } from './files.ts'
import { MEANINGS } from './meanings.ts'
import { instrumentsOf, seriesName } from './metrics.ts'

test('the pages in docs/reference are those that npm run reference writes', () => {
  const written = [...referenceFiles().keys()].map((path) => {
    return [path, readFileSync(join(import.meta.dirname, '../..', path), 'utf8')] as const
  })
  expect(written).toEqual([...referenceFiles()])
})

test('every key of the configuration has a meaning, and no meaning is of a key that is gone', () => {
  const paths = keysOf(configSchema, DEFAULTS).map(({ path }) => path)
  expect(Object.keys(MEANINGS)).toEqual(paths)
})

test('every kind of detector and every key of it has a meaning, and no meaning is of one that is gone', () => {
  const paths = [...KIND_SCHEMAS].flatMap(([name, schema]) => [
    name,
    ...keysOfKind(name, schema).map(({ path }) => path),
  ])
  expect(Object.keys(DETECTOR_MEANINGS)).toEqual(paths)
})

test('keys are told with type and default, however deep they lie', () => {
  const schema = z.strictObject({
    plain: z.string(),
    wait: z.union([z.literal('off').transform(() => null), duration.refine((ms) => ms > 0, 'more')]),
    list: z.array(z.strictObject({ size: bytes.default(1), mode: z.enum(['a', 'b']).optional() })).default([]),
    maybe: z.preprocess((value) => value, z.strictObject({ port: z.int().min(0).max(9) }).nullable()),
    either: z.union([z.strictObject({ user: z.url() }), z.strictObject({ key: z.int() })]).optional(),
    named: z.record(z.string(), z.strictObject({ on: z.boolean().default(true) })).prefault({}),
    none: z.strictObject({}),
  })
  expect(
    keysOf(schema, { plain: 'x', wait: '5s', maybe: {} }).map(({ path, type, default: value }) => [path, type, value]),
  ).toEqual([
    ['plain', 'text', '"x"'],
    ['wait', '`off` or duration', '"5s"'],
    ['list[].size', 'size', '1'],
    ['list[].mode', '`a` or `b`', ''],
    ['maybe.port', '0 to 9', undefined],
    ['either.user', 'URL', undefined],
    ['either.key', 'whole number', undefined],
    ['named.*.on', '`true` or `false`', 'true'],
    ['none', '`{}`', undefined],
  ])
})

test('instruments are found with unit and description, and one that cannot be read is refused', () => {
  const text = `
    const unit = '{input}'
    meter.counter('barograph.a.b', { description: 'B', unit })
    this.x = options.meter.gauge('barograph.a.size', { description: 'Size', unit: 'By' }, () => 1)
    other.counter('something.else', {})
  `
  expect(instrumentsOf('x.ts', text)).toEqual([
    { kind: 'counter', name: 'barograph.a.b', unit: '{input}', description: 'B' },
    { kind: 'gauge', name: 'barograph.a.size', unit: 'By', description: 'Size' },
  ])
  expect(() => instrumentsOf('x.ts', "meter.counter('barograph.x', { description: `${a}` })")).toThrow('barograph.x')
})

test('instruments are named as the collector names them', () => {
  const instruments = ownInstruments()
  expect(instruments.length).toBeGreaterThan(30)
  const names = instruments.map(({ kind, name, unit }) =>
    NAMINGS[USUAL].metric(name, unit, kind === 'histogram' ? 'other' : kind),
  )
  expect(instruments.map(seriesName)).toEqual(names)
})
