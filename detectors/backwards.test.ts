// A score says how far out a value is: it grows with the distance, in every kind, and a detector that scores backwards is caught.
import { expect, test } from 'vitest'

import { seeded } from '#core/random.ts'
import type { Verdict } from '#core/score.ts'

import * as kinds from './kinds.ts'
import type { Detector, Kind } from './kinds/kind.ts'
import { createDetector, parseDetector } from './kinds/registry.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 0, 5)
const DAY = 1440

function gaussian(seed: number): () => number {
  const random = seeded(seed)
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Rank correlation (Spearman), ties by their mean rank. */
function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const ranks = (values: readonly number[]): number[] => {
    const order = values.map((_, i) => i).toSorted((i, j) => values[i]! - values[j]!)
    const out: number[] = []
    for (let from = 0; from < order.length;) {
      let to = from
      while (to < order.length && values[order[to]!] === values[order[from]!]) to++
      for (let i = from; i < to; i++) out[order[i]!] = (from + to - 1) / 2
      from = to
    }
    return out
  }
  const [x, y] = [ranks(a), ranks(b)]
  const middle = (a.length - 1) / 2
  let [xy, xx, yy] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    xy += (x[i]! - middle) * (y[i]! - middle)
    xx += (x[i]! - middle) ** 2
    yy += (y[i]! - middle) ** 2
  }
  return xy / Math.sqrt(xx * yy)
}

/** Scores, and how far out what they are of lies. */
interface Judged {
  readonly scores: number[]
  readonly distances: number[]
}

const unjudged = (): Verdict => ({ score: 0, expected: NaN, lower: NaN, upper: NaN })

/** Noise with now and then a value that lies out. */
function singly(detector: Detector): Judged {
  const row = detector.add()
  const verdict = unjudged()
  const [scores, distances]: [number[], number[]] = [[], []]
  const next = gaussian(5)
  for (let i = 0; i < 3 * DAY; i++) {
    const value = 100 + next() + (i % 97 === 0 ? 6 * Math.sin(i) : 0)
    detector.step(row, START + i * MINUTE, value, verdict)
    if (i < 2 * DAY || Number.isNaN(verdict.expected)) continue
    scores.push(verdict.score)
    distances.push(Math.abs(value - verdict.expected))
  }
  return { scores, distances }
}

/** Noise about a slow wave, by the means of stretches: it is judged twice in one, and between, the verdict stands. */
function stretches(detector: Detector): Judged {
  const row = detector.add()
  const verdict = unjudged()
  const [scores, distances]: [number[], number[]] = [[], []]
  const next = gaussian(5)
  let stands = NaN
  for (let i = 0; i < 6 * DAY; i++) {
    detector.step(row, START + i * MINUTE, 100 + next() + 0.8 * Math.sin(i / 50), verdict)
    const anew = verdict.score !== stands
    stands = verdict.score
    if (!anew || i < DAY || detector.blamed()[0] !== 'level') continue
    scores.push(verdict.score)
    distances.push(Math.abs((detector.judged?.() ?? NaN) - verdict.expected))
  }
  return { scores, distances }
}

/** What moved stands still (`stays`), or stays away: the distance is in time. */
function lasting(detector: Detector, stays: boolean): Judged {
  const row = detector.add()
  const verdict = unjudged()
  const [scores, distances]: [number[], number[]] = [[], []]
  const next = gaussian(5)
  for (let i = 0; i < 700; i++) {
    const time_ms = START + i * MINUTE
    if (i <= 500 || stays) detector.step(row, time_ms, i < 500 ? 100 + next() : 100, verdict)
    if (i <= 500) continue
    scores.push(stays ? verdict.score : detector.overdue!(row, time_ms))
    distances.push(i - 500)
  }
  return { scores, distances }
}

function judged({ scores, judges }: Kind, detector: Detector): Judged {
  if (!scores || judges === 'stillness') return lasting(detector, scores)
  return judges === 'stretch' ? stretches(detector) : singly(detector)
}

/** The same with its scores turned round. */
function backwards(detector: Detector): Detector {
  const turned = (score: number): number => 1 / (1 + score)
  return new Proxy(detector, {
    get(of, key) {
      if (key === 'step')
        return (row: number, time_ms: number, value: number, out: Verdict): void => {
          of.step(row, time_ms, value, out)
          out.score = turned(out.score)
        }
      if (key === 'overdue') return (row: number, time_ms: number) => turned(of.overdue!(row, time_ms))
      const own: unknown = Reflect.get(of, key, of)
      return typeof own === 'function' ? (own.bind(of) as unknown) : own
    },
  })
}

test.each(Object.values(kinds).map((kind) => [kind.kind, kind as Kind] as const))(
  '%s scores the more the further out, and would be caught if it scored backwards',
  (name, kind) => {
    const made = (): Detector => createDetector(parseDetector(name), { budget_per_week: 1 })
    const { scores, distances } = judged(kind, made())
    expect(scores.length).toBeGreaterThan(100)
    expect(rankCorrelation(scores, distances)).toBeGreaterThan(0.6)
    const mutant = judged(kind, backwards(made()))
    expect(rankCorrelation(mutant.scores, mutant.distances)).toBeLessThan(0)
  },
)
