import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { Reach } from '#core/reach.ts'

import { type Due, dueSteps, PATIENCE_MS, type Progress } from './marks.ts'

const NEVER: Progress = { mark_ms: -Infinity, looked_ms: -Infinity, grown_ms: -Infinity }
const LOOKBACK = 300

/** Input from..newest that counts for 300 more; steps of 60, a lateness of 10. Seconds would do as well as ms. */
const reach = (from_ms: number, newest_ms: number): Reach => ({
  from_ms,
  newest_ms,
  until_ms: newest_ms + LOOKBACK,
  series: 1,
})
const due = (progress: Partial<Progress>, input: Reach | undefined, due_ms: number, time_ms = due_ms + 10): Due =>
  dueSteps({ ...NEVER, grown_ms: time_ms, ...progress }, input, { time_ms, due_ms, interval_ms: 60, lateness_ms: 10 })
const span = (from_ms: number, to_ms = from_ms) => ({ from_ms, to_ms })

describe('steps that are due', () => {
  test.each<[string, Due, Due]>([
    ['nothing ever came: the newest step only', due({}, undefined, 600), { input: undefined, empty: span(600) }],
    ['nothing came since', due({ looked_ms: 600 }, undefined, 600), { input: undefined, empty: undefined }],
    ['the first input', due({}, reach(130, 590), 600), { input: span(180, 600), empty: undefined }],
    ['live: behind the mark', due({ mark_ms: 540 }, reach(130, 590), 600), { input: span(600), empty: undefined }],
    [
      'a pause that the expression looks over',
      due({ mark_ms: 540 }, reach(0, 400), 660),
      { input: span(600, 660), empty: undefined },
    ],
    ['a pause that it does not', due({ mark_ms: 660 }, reach(0, 400), 720), { input: undefined, empty: span(720) }],
    [
      'a pause, looked at before',
      due({ mark_ms: 660, looked_ms: 720 }, reach(0, 400), 840),
      { input: undefined, empty: span(780, 840) },
    ],
    [
      'history: as far as it has come, less lateness',
      due({}, reach(0, 605), 90_000),
      { input: span(0, 540), empty: undefined },
    ],
    [
      'history that goes on',
      due({ mark_ms: 540 }, reach(0, 1205), 90_000),
      { input: span(600, 1140), empty: undefined },
    ],
    [
      'history that has not come further',
      due({ mark_ms: 540 }, reach(0, 605), 90_000),
      { input: undefined, empty: undefined },
    ],
    [
      'history that is over after patience: to its end, and what follows',
      due({ mark_ms: 540, grown_ms: 0 }, reach(0, 605), 6000, PATIENCE_MS),
      { input: span(600, 900), empty: span(960, 6000) },
    ],
    [
      'a mark that is off the grid after a reload',
      due({ mark_ms: 555 }, reach(0, 700), 720),
      { input: span(600, 720), empty: undefined },
    ],
    [
      'input that retention has shortened',
      due({ mark_ms: 60 }, reach(500, 900), 900),
      { input: span(540, 900), empty: undefined },
    ],
    ['input ahead of what is due', due({}, reach(700, 900), 600), { input: undefined, empty: undefined }],
    [
      'input that no step sees',
      due({}, { from_ms: 62, newest_ms: 62, until_ms: 67, series: 1 }, 120),
      { input: undefined, empty: span(120) },
    ],
    [
      'input at a fixed time',
      due({}, { from_ms: 62, newest_ms: 62, until_ms: Infinity, series: 1 }, 240),
      { input: span(120, 240), empty: undefined },
    ],
  ])('%s', (_, given, wanted) => {
    expect(given).toEqual(wanted)
  })

  test('are each given once, in order, whatever comes when, and none that sees input is left out', () => {
    const events = fc.array(fc.record({ grow: fc.nat(900), pass: fc.nat(900) }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(events, (list) => {
        let [mark_ms, looked_ms, grown_ms, newest_ms, time_ms] = [-Infinity, -Infinity, -Infinity, -1, 1000]
        const seen: number[] = []
        const take = (steps: Due['input']): void => {
          for (let step = steps?.from_ms ?? Infinity; step <= (steps?.to_ms ?? -Infinity); step += 60) seen.push(step)
        }
        const tick = (): void => {
          const input = newest_ms < 0 ? undefined : reach(0, newest_ms)
          const due_ms = Math.floor((time_ms - 10) / 60) * 60
          const steps = dueSteps({ mark_ms, looked_ms, grown_ms }, input, {
            time_ms,
            due_ms,
            interval_ms: 60,
            lateness_ms: 10,
          })
          take(steps.input)
          mark_ms = steps.input?.to_ms ?? mark_ms
          looked_ms = Math.max(looked_ms, steps.empty?.to_ms ?? mark_ms)
          expect(Math.max(mark_ms, looked_ms)).toBeLessThanOrEqual(due_ms)
        }
        for (const { grow, pass } of list) {
          time_ms += pass
          if (grow > 0 && newest_ms + grow <= time_ms) {
            newest_ms += grow
            grown_ms = time_ms
          }
          tick()
        }
        time_ms += PATIENCE_MS
        tick()
        const all =
          newest_ms < 0 ? [] : Array.from({ length: Math.floor((newest_ms + LOOKBACK - 1) / 60) + 1 }, (_, i) => i * 60)
        expect(seen).toEqual(all)
      }),
    )
  })
})
