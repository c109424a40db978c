import { readArguments, usageError } from '../arguments.ts'
import type { Command } from '../command.ts'
import { type TestCase, testRules } from '../rule-tests/read.ts'
import { testScript } from '../rule-tests/script.ts'

export const test: Command = {
  name: 'test',
  summary: 'run unit tests of rules, and scripts of the PromQL test language',
  help: `
Usage: barograph test FILE... [--json]

Runs unit tests of rules in promtool's file format (*.yml), and scripts of Prometheus' PromQL test language (*.test). Says what failed, and
how many passed. Exit code 1 when one failed.

  --json   a line a case: {"file","line","name","ok","message"}

In a file of rules, anomaly_rule_test says which findings of an anomaly rule are open; scores, bands and forecasts are series, and
promql_expr_test sees them.

Example: barograph test rules/*.test.yml
`,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, { json: { type: 'boolean', default: false } })
    if (positionals.length === 0) throw usageError('which files? see --help')
    const note = (text: string): void => terminal.err(`note: ${text}\n`)
    let [passed, failed] = [0, 0]
    for (const file of positionals) {
      for (const one of await (file.endsWith('.test') ? testScript(file) : testRules(file, note))) {
        if (one.ok) passed++
        else failed++
        const text = values.json ? `${JSON.stringify(one)}\n` : one.ok ? '' : lineOf(one)
        if (text !== '') await terminal.out(text)
      }
    }
    if (!values.json) await terminal.out(`${passed} passed, ${failed} failed\n`)
    return failed > 0 ? 1 : 0
  },
}

const lineOf = ({ file, line, name, message }: TestCase): string =>
  `${file}${line > 0 ? `:${line}` : ''}: ${name}: ${message.replaceAll('\n', '\n    ')}\n`
