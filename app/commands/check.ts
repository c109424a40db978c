import { resolve } from 'node:path'

import { formatProblem } from '#core/config/problems.ts'
import { messageOf, ServiceError } from '#core/errors.ts'

import { createQueryEngine } from '../../query/index.ts'
import { readArguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { CONFIG_HELP, CONFIG_OPTIONS, type ConfigArguments, readConfig } from '../configured.ts'
import { readRules, rulePaths, unknownDatasources } from '../rules.ts'

interface Configured {
  readonly paths: readonly string[]
  readonly upstreams: Readonly<Record<string, unknown>>
}

export const check: Command = {
  name: 'check',
  summary: 'tell every problem of the configuration and of rule files',
  help: `
Usage: barograph check [FILES...] [OPTIONS]

Reads the configuration and its rules, or the rule files and folders that are named, and tells every problem at once: place, value, fix. Exit
code 1 when there is one.

${CONFIG_HELP}
`,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, CONFIG_OPTIONS)
    const problems: string[] = []
    const read = positionals.length > 0 && values.config === undefined ? undefined : configured(values, problems)
    const paths = positionals.length > 0 ? positionals.map((path) => resolve(path)) : (read?.paths ?? [])
    const rules = readRules(paths, createQueryEngine({ readers: [] }))
    problems.push(...rules.problems.map(formatProblem))
    // Files by themselves may name any: the configuration knows which there are.
    if (read !== undefined) problems.push(...unknownDatasources(rules, read.upstreams).map(formatProblem))
    for (const problem of problems) await terminal.out(`${problem}\n`)
    if (problems.length > 0) {
      terminal.err(`${problems.length} problem${problems.length === 1 ? '' : 's'}\n`)
      return 1
    }
    const count = rules.groups.reduce((sum, group) => sum + group.rules.length, 0)
    await terminal.out(
      `ok: ${count} rules and ${rules.policies.length} scaling policies in ${rules.files.length} files\n`,
    )
    return 0
  },
}

/** What the configuration says of rules; its own problems go to `problems`, and it is undefined. */
function configured(values: ConfigArguments, problems: string[]): Configured | undefined {
  try {
    const { value, folder } = readConfig(values)
    return { paths: rulePaths(value.rules, folder), upstreams: value.upstream }
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    problems.push(...messageOf(error).split('\n'))
    return undefined
  }
}
