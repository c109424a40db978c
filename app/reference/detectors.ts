import type { z } from 'zod'

import { type Key, keysOf, table } from './configuration.ts'

const HEAD = `# Detectors

What stands under \`detector:\` in an \`anomaly\` rule: the name of a kind, as \`detector: auto\`, or an object with \`kind\` and what else the kind
may be told, as \`detector: { kind: band, window: 6h }\`. Which one is for what: [the guide](../guide/rules.md). How many false alarms there may be is said by
the rule's \`budget\` alone. An unknown key is an error that names the nearest known one.

Generated from the schema by \`npm run reference\`.
`

/** What each kind is, and each of its keys means: `band`, `band.window`. */
export const DETECTOR_MEANINGS: Readonly<Record<string, string>> = {
  absence: 'How long a series stays away, by the cadence that it was seen to have. Speaks of silence alone.',
  auto: 'All there is to know of a series behind one score. It has no options.',
  band: 'A band around what a window was.',
  'band.window': 'How far back the window goes: 1m to 7d. At most 360 samples of it are looked at, evenly apart.',
  'band.method': 'Median and MAD of the window, or a mean that forgets in that time.',
  flat: 'How long a series stands still, by how long it used to.',
  rolling: 'The middle one of EWMA, median/MAD and Holt-Winters over a season, at little cost: for very many series.',
  'rolling.window': 'Samples of the median.',
  'rolling.slots': 'Parts of the season, each with a level of its own.',
  'rolling.season': 'Length of the season, from 1970-01-01 UTC on: 1m to 28d.',
  seasonal: 'A band around what is usual at this time of a period. Says nothing in the first one.',
  'seasonal.period':
    'What repeats: 10m to 28d. `1d` and `1w` go by the clocks of `time_zone`, and `holidays` are the Sundays of `1w`; other lengths are counted from 1970-01-01 UTC on.',
  shift: 'The mean, the slope and the scatter of a stretch against what was before it. No single value says anything.',
  'shift.window': 'Length of the stretch: 1m to 7d. What was before is remembered for 24 of it.',
}

/** Keys of a kind, without `kind` itself. */
export function keysOfKind(name: string, schema: z.ZodType): Key[] {
  return keysOf(schema, undefined, name).filter(({ path }) => path !== `${name}.kind`)
}

/** Markdown: a section a kind, with a table of its keys where it has any. */
export function detectorsReference(kinds: ReadonlyMap<string, z.ZodType>): string {
  const sections = [...kinds].map(([name, schema]) => {
    const keys = keysOfKind(name, schema)
    const own = keys.length === 0 ? '' : `\n${table(keys, DETECTOR_MEANINGS)}\n`
    return `## ${name}\n\n${DETECTOR_MEANINGS[name]}\n${own}`
  })
  return [HEAD, ...sections].join('\n')
}
