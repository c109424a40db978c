// Rule files of other projects, as they are. Set BAROGRAPH_TEST_RULE_FILES to a folder of them.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'

import { messageOf } from '#core/errors.ts'

import { readRules } from '../../app/rules.ts'
import { createQueryEngine } from '../../query/index.ts'

const FOLDER = process.env['BAROGRAPH_TEST_RULE_FILES'] ?? ''
const promtool = process.env['BAROGRAPH_TEST_PROMTOOL'] ?? 'promtool'
const query = createQueryEngine({ readers: [] })
const files = FOLDER === '' ? [] : readdirSync(FOLDER).toSorted()

/** Why promtool refuses a file; '' where it does not, undefined where it cannot say: of objects it reads nothing. */
function refusal(path: string): string | undefined {
  if (/^kind: PrometheusRule/m.test(readFileSync(path, 'utf8'))) return undefined
  try {
    execFileSync(promtool, ['check', 'rules', path], { stdio: 'pipe' })
    return ''
  } catch (error) {
    return messageOf(error)
  }
}

function countOf(text: string): number {
  const rules = z.object({ groups: z.array(z.object({ rules: z.array(z.unknown()).default([]) })) })
  const { groups } = z.union([rules, z.object({ spec: rules }).transform(({ spec }) => spec)]).parse(parse(text))
  return groups.reduce((sum, group) => sum + group.rules.length, 0)
}

describe.skipIf(FOLDER === '')(
  'rule files of other projects (skipped unless BAROGRAPH_TEST_RULE_FILES names a folder of them)',
  () => {
    test.each(files)('%s: every rule loads, or what promtool refuses is refused', (name) => {
      const path = join(FOLDER, name)
      const { groups, problems } = readRules([path], query)
      const why = refusal(path)
      const told = problems.map((problem) => problem.message)
      if (why === undefined || why === '') expect(told).toEqual([])
      else expect(told).not.toEqual([])
      const loaded = groups.reduce((sum, { rules }) => sum + rules.length, 0)
      if (told.length === 0) expect(loaded).toBe(countOf(readFileSync(path, 'utf8')))
    })
  },
)
