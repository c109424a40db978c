import fc from 'fast-check'
import { expect, test } from 'vitest'

import type { ResultSeries } from '#core/ports/query-engine.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import { Labels, type SeriesDefinition } from '#core/series.ts'
import { atOnce } from '#core/steps.ts'

import type { RecordRule } from './rule.ts'
import { RecordRunner } from './run-record.ts'

const rule = (extra: Record<string, string> = {}): RecordRule => ({
  kind: 'record',
  key: 'f;g;record;r',
  name: 'r',
  expr: 'x',
  labels: extra,
  annotations: {},
  for_ms: 0,
  extra: Labels.of(extra),
})

const nobody = { *sampling() {} }

/** What was written, `series time value` each, `stale` for a marker. */
function notebook(): { lines: string[]; writer: SeriesWriter } {
  const definitions: SeriesDefinition[] = []
  const lines: string[] = []
  const writer: SeriesWriter = {
    resolve(definition) {
      const known = definitions.findIndex(({ labels }) => labels.equals(definition.labels))
      return known === -1 ? definitions.push(definition) - 1 : known
    },
    definition: (id) => definitions[id]!,
    newest: () => undefined,
    append({ floats: { series, time_ms, value, stale, length } }) {
      for (let i = 0; i < length; i++) {
        lines.push(`${String(definitions[series[i]!]?.labels)} ${time_ms[i]} ${stale[i] === 1 ? 'stale' : value[i]}`)
      }
      const none = { stored: 0, stored_late: 0, duplicate: 0, too_old: 0, too_far_ahead: 0, late_refused: 0 }
      return { counts: none, refused_histograms: 0, exemplars: [], fresh: new Uint8Array() }
    },
  }
  return { lines, writer }
}

/** A series with a value where the pattern has an `x`, a step each; `from` is the first step taken. */
function result(name: string, pattern: string, from = 0, to = pattern.length): ResultSeries[] {
  const times = pattern.split('').flatMap((mark, i) => (mark === 'x' && i >= from && i < to ? [i] : []))
  const labels = Labels.of({ __name__: 'x', name })
  return times.length === 0 ? [] : [{ labels, time_ms: Float64Array.from(times), value: Float64Array.from(times) }]
}

test('a result that goes is marked stale at the step at which it is missing', () => {
  const { lines, writer } = notebook()
  const runner = new RecordRunner(rule({ team: 'a' }), writer, nobody)
  atOnce(runner.taking({ series: result('n', 'xx.x.'), from_ms: 0, to_ms: 4, interval_ms: 1, again: false }))
  const series = 'r{name="n", team="a"}'
  expect(lines).toEqual([`${series} 0 0`, `${series} 1 1`, `${series} 2 stale`, `${series} 3 3`, `${series} 4 stale`])
  expect(runner.active).toBe(false)
})

test('in whatever pieces the steps are taken, and with a restart after each, the same is written', () => {
  const patterns = fc.array(fc.string({ unit: fc.constantFrom('x', '.'), minLength: 12, maxLength: 12 }), {
    maxLength: 3,
  })
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 11 }))
  fc.assert(
    fc.property(patterns, cuts, (texts, at) => {
      const whole = notebook()
      const all = texts.flatMap((text, i) => result(`n${i}`, text))
      atOnce(
        new RecordRunner(rule(), whole.writer, nobody).taking({
          series: all,
          from_ms: 0,
          to_ms: 11,
          interval_ms: 1,
          again: false,
        }),
      )
      const pieces = notebook()
      let runner = new RecordRunner(rule(), pieces.writer, nobody)
      const ends = [...at.toSorted((a, b) => a - b), 12]
      for (const [k, to] of ends.entries()) {
        const from = ends[k - 1] ?? 0
        const series = texts.flatMap((text, i) => result(`n${i}`, text, from, to))
        atOnce(runner.taking({ series, from_ms: from, to_ms: to - 1, interval_ms: 1, again: false }))
        const saved = JSON.parse(JSON.stringify(runner.save())) as unknown
        runner = new RecordRunner(rule(), pieces.writer, nobody)
        runner.load(saved)
      }
      expect(pieces.lines.toSorted()).toEqual(whole.lines.toSorted())
    }),
  )
})

test('steps that are taken again leave what goes on alone', () => {
  const { lines, writer } = notebook()
  const runner = new RecordRunner(rule(), writer, nobody)
  atOnce(runner.taking({ series: result('n', 'xxx'), from_ms: 0, to_ms: 2, interval_ms: 1, again: false }))
  lines.length = 0
  atOnce(
    runner.taking({
      series: [...result('n', 'xxx'), ...result('o', 'x..')],
      from_ms: 0,
      to_ms: 2,
      interval_ms: 1,
      again: true,
    }),
  )
  expect(lines.filter((line) => line.includes('"o"'))).toEqual(['r{name="o"} 0 0', 'r{name="o"} 1 stale'])
  expect(lines.filter((line) => line.includes('stale'))).toHaveLength(1)
  expect(runner.save()).toEqual([{ __name__: 'r', name: 'n' }])
})

test('two results under one label set are one series at different steps, and refused at the same', () => {
  const { lines, writer } = notebook()
  const runner = new RecordRunner(rule({ name: 'one' }), writer, nobody)
  const take = (second: string): void => {
    atOnce(
      runner.taking({
        series: [...result('a', 'xx...'), ...result('b', second)],
        from_ms: 0,
        to_ms: 4,
        interval_ms: 1,
        again: false,
      }),
    )
  }
  expect(() => take('.xx..')).toThrow(
    'vector contains metrics with the same labelset after applying rule labels: r{name="one"}',
  )
  expect(lines).toEqual([])
  take('..x.x')
  expect(lines.map((line) => line.replace('r{name="one"} ', ''))).toEqual(['0 0', '1 1', '2 2', '3 stale', '4 4'])
})

test('a rule that is gone ends what it wrote', () => {
  const { lines, writer } = notebook()
  const runner = new RecordRunner(rule(), writer, nobody)
  atOnce(runner.taking({ series: result('n', 'x'), from_ms: 0, to_ms: 0, interval_ms: 1, again: false }))
  runner.end(7)
  expect(lines.at(-1)).toBe('r{name="n"} 7 stale')
  expect(runner.active).toBe(false)
})

test('histograms with bounds of their own that a peer did not tell are not written, and the rule says so', () => {
  const { lines, writer } = notebook()
  const runner = new RecordRunner(rule(), writer, nobody)
  const histograms = [
    { time_ms: 1, value: { count: 1, sum: 1, buckets: [{ bounds: 0 as const, lower: 1, upper: 3, count: 1 }] } },
  ]
  const series = result('n', 'x.').map((one) => ({ ...one, histograms }))
  const { error } = atOnce(runner.taking({ series, from_ms: 0, to_ms: 1, interval_ms: 1, again: false }))
  expect(error?.message).toContain(
    '1 histograms of the result have buckets with bounds of their own and are not recorded',
  )
  expect(lines).toEqual(['r{name="n"} 0 0'])
})
