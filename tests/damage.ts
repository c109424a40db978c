// Files damaged while the process is down: it starts, or says what to do; says what is lost, and where; keeps the rest, and answers nothing that was
// never so. Not part of the suite. That the newest part of the journal is gone no other file tells: it is `not told`.
//   node tests/damage.ts [--rounds=100] [--seed=1] [--only=REGEX] [--keep]
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { ServiceError } from '#core/errors.ts'
import type { Log } from '#core/ports/log.ts'
import { seeded } from '#core/random.ts'

import { Barograph } from './acceptance/barograph.ts'
import { LEVEL_RULES } from './acceptance/shop.ts'
import { type Damage, damaged } from './damage/damages.ts'
import { alien, LIVES, type Life, SET } from './damage/lives.ts'
import { type State, stateOf } from './damage/state.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '.' },
    keep: { type: 'boolean', default: false },
  },
})

interface Started {
  readonly barograph: Barograph | undefined
  readonly refused: string
  readonly told: readonly string[]
}

function listening(told: string[]): Log {
  const tell =
    (level: string) =>
    (message: string, facts: object = {}): void =>
      void told.push(`${level} ${message} ${JSON.stringify(facts)}`)
  return { debug: () => undefined, info: () => undefined, warn: tell('warn'), error: tell('error') }
}

async function start(data: string, begin_ms: number): Promise<Started> {
  const told: string[] = []
  try {
    const barograph = await Barograph.start({ rules: LEVEL_RULES, set: SET, data, begin_ms, log: listening(told) })
    return { barograph, refused: '', told }
  } catch (error) {
    if (!(error instanceof ServiceError))
      return { barograph: undefined, refused: `CRASH ${(error as Error).stack}`, told }
    return { barograph: undefined, refused: error.message, told }
  }
}

/** What is wrong with what the process makes of a damaged folder. */
async function judged(
  data: string,
  life: Life,
  whole: State,
): Promise<{ faults: string[]; lost: string; told: readonly string[] }> {
  const faults: string[] = []
  const first = await start(data, life.now_ms)
  if (first.barograph === undefined) {
    if (!/damaged|not a readable|cannot be|format/.test(first.refused)) faults.push(`refused: ${first.refused}`)
    return { faults, lost: `REFUSED ${first.refused}`, told: first.told }
  }
  const { told } = first
  const state = await stateOf(first.barograph)
  faults.push(...state.wrong(whole))
  const lost = state.missing(whole)
  if (lost !== '' && told.length === 0) faults.push(`not told: ${lost}`)
  await life.more(first.barograph)
  const more = await stateOf(first.barograph)
  await first.barograph.stop()
  const second = await start(data, first.barograph.now_ms)
  if (second.barograph === undefined) {
    faults.push(`the second start: ${second.refused}`)
    return { faults, lost, told }
  }
  const after = await stateOf(second.barograph)
  faults.push(...after.wrong(more).map((one) => `second: ${one}`))
  const gone = after.missing(more)
  if (gone !== '') faults.push(`second: lost ${gone}`)
  const again = second.told.filter((line) => !/chunk|stored samples/.test(line))
  if (again.length > 0) faults.push(`second: told again ${again.join('; ')}`)
  await second.barograph.stop()
  return { faults, lost, told }
}

const other = await alien()
const lives = []
for (const life of LIVES) {
  const made = await life()
  const copy = mkdtempSync(join(tmpdir(), 'barograph-damage-'))
  cpSync(made.data, copy, { recursive: true })
  const { barograph, refused } = await start(copy, made.now_ms)
  if (barograph === undefined) throw new Error(refused)
  const whole = await stateOf(barograph)
  await barograph.stop()
  rmSync(copy, { recursive: true })
  console.log(made.name, whole.summary())
  lives.push({ made, whole })
}

let bad = 0
for (let round = 0; round < Number(values.rounds); round++) {
  const seed = Number(values.seed) + round
  const random = seeded(seed)
  const { made, whole } = lives[round % lives.length]!
  const data = mkdtempSync(join(tmpdir(), 'barograph-damage-'))
  cpSync(made.data, data, { recursive: true })
  const damage: Damage | undefined = damaged(join(data, 'state'), random, { only: new RegExp(values.only), other })
  if (damage === undefined) {
    rmSync(data, { recursive: true })
    continue
  }
  const { faults, lost, told } = await judged(data, made, whole)
  console.log(`${faults.length > 0 ? 'BAD' : 'ok '} ${seed} ${made.name}: ${damage}${lost === '' ? '' : ` → ${lost}`}`)
  if (faults.length > 0) {
    bad++
    for (const fault of faults) console.log(`      ${fault}`)
    for (const line of told) console.log(`      told: ${line}`)
  }
  if (values.keep && faults.length > 0) console.log(`      ${data}`)
  else rmSync(data, { recursive: true, force: true })
}
for (const { made } of lives) rmSync(made.data, { recursive: true })
rmSync(other, { recursive: true })
console.log(`${bad} bad`)
process.exitCode = bad > 0 ? 1 : 0
