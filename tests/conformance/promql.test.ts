// Prometheus' own corpus of PromQL tests, as far as it lies beside the repository.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { runScript } from '../../query/test-script.ts'

const CORPUS = join(import.meta.dirname, '../../../shared/conformance/promql')
const CORPUS_FILES = existsSync(CORPUS) ? readdirSync(CORPUS).filter((name) => name.endsWith('.test')) : []

for (const file of CORPUS_FILES) {
  const path = join(CORPUS, file)
  test(`${file}: every eval passes`, async () => {
    const outcomes = await runScript(readFileSync(path, 'utf8'))
    expect(outcomes.length).toBeGreaterThan(0)
    expect(outcomes.filter(({ status }) => status === 'failed')).toEqual([])
  })
}

test.skipIf(CORPUS_FILES.length === 0)(
  'values that are other than expected fail (skipped where the corpus is not there)',
  async () => {
    for (const file of CORPUS_FILES) {
      const { text, changed } = mutated(readFileSync(join(CORPUS, file), 'utf8'))
      const outcomes = await runScript(text)
      const passed = outcomes.filter(({ line, status }) => changed.has(line) && status === 'passed')
      expect(passed).toEqual([])
    }
  },
)

/** Every eval that expects something other than NaN is given another value to expect: by the lines of those evals. */
function mutated(script: string): { text: string; changed: ReadonlySet<number> } {
  const changed = new Set<number>()
  let evalLine = 0
  const lines = script.split('\n').map((line, i) => {
    if (line.startsWith('eval')) evalLine = i + 1
    else if (line === '' || /^(?:load|clear|#)/.test(line)) evalLine = 0
    const value = /^(\s+(?:[\w:]*(?:\{.*\})?\s+)?)(-?\d+(?:\.\d+)?)$/.exec(line)
    if (evalLine === 0 || value === null || !line.startsWith(' ')) return line
    changed.add(evalLine)
    return `${value[1]}${Number(value[2]) + 1}`
  })
  return { text: lines.join('\n'), changed }
}
