import { unitOf } from '#core/quantities.ts'

/** What is believed of a series before it is seen, by its unit and type. */
interface Belief {
  /** It never lies below or above. */
  readonly least: number
  readonly most: number
  /** A standard deviation as small as this concerns nobody in its first hour. */
  readonly floor: number
}

/**
 * Natures by their code, which is saved. `bare`: a column of numbers, of which nothing is known, not even that it is a series of a
 * running system.
 */
const NATURES = ['bare', 'any', 'amount', 'share', 'ratio', 'percent', 'unsigned'] as const

type Nature = (typeof NATURES)[number]

const BELIEFS: Readonly<Record<Nature, Belief>> = {
  bare: { least: -Infinity, most: Infinity, floor: 0 },
  any: { least: -Infinity, most: Infinity, floor: 0 },
  amount: { least: 0, most: Infinity, floor: 0 },
  /** Seconds a second: of one processor up to 1, of a process up to as many as it has. */
  share: { least: 0, most: Infinity, floor: 0.02 },
  ratio: { least: 0, most: 1, floor: 0.02 },
  percent: { least: 0, most: 100, floor: 2 },
  /** Nobody says what it is, and it was never below 0 so far. */
  unsigned: { least: 0, most: Infinity, floor: 0 },
}

const BY_CODE: readonly Belief[] = NATURES.map((nature) => BELIEFS[nature])

export const BARE = 0
export const ANY = 1

/** Of a code; a code that is not known is `bare`. */
export function beliefOf(code: number): Belief {
  return BY_CODE[code] ?? BELIEFS.bare
}

export interface Named {
  readonly metric: string
  /** Of what is judged: of a rate with its `/s`. */
  readonly unit: string
  /** Whether it is the rate of what only grows. */
  readonly rate: boolean
}

const BYTES = /^(?:[kKMGT]i?)?By$/
/** Offsets have a sign, durations have none. */
const DURATION = /(?:duration|latency|_age)(?:_|$)/

/** The code of what a series is by nature. */
export function natureOf({ metric, unit, rate }: Named): number {
  const own = unitOf(metric, unit)
  // Seconds a second: rules compute rates themselves.
  if (own === 'ratio' && (rate || unit.endsWith('/s'))) return NATURES.indexOf('share')
  return NATURES.indexOf(rate ? 'amount' : natureOfGauge(metric, own))
}

function natureOfGauge(metric: string, unit: string): Nature {
  if (unit === 'ratio') return 'ratio'
  if (unit === '%') return 'percent'
  if (BYTES.test(unit) || unit.startsWith('{') || DURATION.test(metric)) return 'amount'
  return 'unsigned'
}
