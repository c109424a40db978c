import { readFileSync } from 'node:fs'

import { messageOf } from '#core/errors.ts'

import { runScript } from '../../query/index.ts'
import type { TestCase } from './read.ts'

/** Runs a script of Prometheus' PromQL test language: a case an `eval`. */
export async function testScript(file: string): Promise<TestCase[]> {
  try {
    const outcomes = await runScript(readFileSync(file, 'utf8'))
    return outcomes.map(({ line, expr, status, reason }) => ({
      file,
      line,
      name: expr,
      ok: status === 'passed',
      message: reason,
    }))
  } catch (error) {
    return [{ file, line: 0, name: 'file', ok: false, message: messageOf(error) }]
  }
}
