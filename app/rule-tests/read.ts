import { globSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'

import { type Document, LineCounter, parseDocument } from 'yaml'

import { lineOf } from '#core/config/load.ts'
import { formatPath, formatProblem, issuesOf, notYaml } from '#core/config/problems.ts'
import { keepTexts } from '#core/config/texts.ts'
import { readText, treeOf } from '#core/config/yaml-file.ts'
import { messageOf } from '#core/errors.ts'
import { Labels } from '#core/series.ts'

import type { RuleGroup } from '../../detectors/index.ts'
import { createQueryEngine } from '../../query/index.ts'
import { readRules } from '../rules.ts'
import { runTest } from './run.ts'
import { type TestFile, type TestGroup, testFileSchema } from './schema.ts'
import { unknownRule } from './unknown-rule.ts'

/** One line of the output. */
export interface TestCase {
  readonly file: string
  /** From 1; 0 where there is none. */
  readonly line: number
  readonly name: string
  readonly ok: boolean
  /** What was wrong; '' when nothing was. */
  readonly message: string
}

const TEXTS: ReadonlySet<string> = new Set([
  'series',
  'values',
  'expr',
  'exp_labels',
  'exp_annotations',
  'external_labels',
  'external_url',
  'alertname',
  'name',
  'rule_files',
])

/** Runs a file of unit tests for rules. Never throws for what is in it. `note` hears what fails nothing, as in promtool, and is hardly meant. */
export async function testRules(file: string, note: (text: string) => void = () => {}): Promise<TestCase[]> {
  const failed = (message: string, line = 0): TestCase[] => [{ file, line, name: 'file', ok: false, message }]
  const lines = new LineCounter()
  let document: Document
  let raw: unknown
  try {
    document = parseDocument(readText(file), { lineCounter: lines, merge: true })
    const [bad] = document.errors
    if (bad !== undefined) return failed(notYaml(bad), lines.linePos(bad.pos[0]).line)
    keepTexts(document, TEXTS)
    raw = withoutNulls(treeOf(document, lines))
  } catch (error) {
    return failed(`cannot be read: ${messageOf(error)}`)
  }
  const result = testFileSchema.safeParse(raw)
  const at = (path: readonly PropertyKey[]): number => lineOf(document, lines, path)
  if (!result.success) {
    return issuesOf(result.error, testFileSchema).flatMap(({ path, message }) =>
      failed(path.length === 0 ? message : `${formatPath(path)}: ${message}`, at(path)),
    )
  }
  for (const pattern of result.data.rule_files)
    if (filesOf(file, pattern).length === 0) note(`${file}: rule_files: no file is ${pattern}`)
  const cases: TestCase[] = []
  for (const [i, test] of result.data.tests.entries()) {
    const rules = rulesOf(file, result.data, test)
    if (typeof rules === 'string') return failed(rules)
    for (const [j, { alertname }] of test.alert_rule_test.entries()) {
      const unknown = unknownRule('alert', alertname, rules)
      if (unknown !== '') note(`${file}:${at(['tests', i, 'alert_rule_test', j])}: ${alertname}: ${unknown}`)
    }
    for (const { path, name, message } of await runTest(test, result.data, rules, ['tests', i]))
      cases.push({ file, line: at(path), name, ok: message === '', message })
  }
  return cases
}

/** The files of a pattern in `rule_files`, which is relative to the file of tests. */
function filesOf(file: string, pattern: string): string[] {
  return globSync(isAbsolute(pattern) ? pattern : join(dirname(file), pattern)).toSorted()
}

/** The groups that a test is about, or what is wrong with their files. */
function rulesOf(
  file: string,
  { rule_files, group_eval_order }: TestFile,
  { external_labels, external_url }: TestGroup,
): readonly RuleGroup[] | string {
  const twice = group_eval_order.find((name, i) => group_eval_order.indexOf(name) !== i)
  if (twice !== undefined) return `group_eval_order: ${twice} stands there twice`
  const paths = rule_files.flatMap((pattern) => filesOf(file, pattern))
  const outside = { external_labels: Labels.of(external_labels), external_url }
  const { groups, problems } = readRules([...new Set(paths)], createQueryEngine({ readers: [] }), outside)
  return problems.length > 0 ? problems.map(formatProblem).join('\n') : groups
}

/** A key with nothing behind it is as if it were not there. */
function withoutNulls(raw: unknown): unknown {
  if (Array.isArray(raw)) return raw.map(withoutNulls)
  if (typeof raw !== 'object' || raw === null) return raw
  const kept = Object.entries(raw).filter(([, value]) => value !== null)
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutNulls(value)]))
}
