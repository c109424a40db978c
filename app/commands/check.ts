import { resolve } from 'node:path'

import { systemClock } from '#core/clock.ts'
import { formatProblem } from '#core/config/problems.ts'
import { messageOf, ServiceError } from '#core/errors.ts'
import { Labels } from '#core/series.ts'

import { SEVERITIES } from '../../alerting/index.ts'
import type { RuleGroup } from '../../detectors/index.ts'
import { createQueryEngine } from '../../query/index.ts'
import { readArguments, usageError } from '../arguments.ts'
import type { Command } from '../command.ts'
import { CONFIG_HELP, CONFIG_OPTIONS, type ConfigArguments, readConfig } from '../configured.ts'
import { counted } from '../counted.ts'
import { isOfPacks, readRules, rulePaths, unknownDatasources } from '../rules.ts'
import { serverMatches, unmatched } from '../unmatched.ts'

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

  --against URL   also tell which rules have a selector that no series of the last day matches on a server with the Prometheus API,
                  this one or another; rules about absence are left out, and the packs of Barograph where they are not named as files

${CONFIG_HELP}
`,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, { ...CONFIG_OPTIONS, against: { type: 'string' } })
    if (values.against !== undefined && !/^https?:$/.test(URL.parse(values.against)?.protocol ?? ''))
      throw usageError(`--against ${values.against}: expected an http or https URL, like http://prometheus:9090`)
    const problems: string[] = []
    const read = positionals.length > 0 && values.config === undefined ? undefined : configured(values, problems)
    const paths = positionals.length > 0 ? positionals.map((path) => resolve(path)) : (read?.paths ?? [])
    const query = createQueryEngine({ readers: [] })
    const rules = readRules(paths, query)
    problems.push(...rules.problems.map(formatProblem))
    // Files by themselves may name any: the configuration knows which there are.
    if (read !== undefined) problems.push(...unknownDatasources(rules, read.upstreams).map(formatProblem))
    if (values.against !== undefined) {
      // Packs are on whether their systems are there or not.
      const wanted = (file: string): boolean => positionals.length > 0 || !isOfPacks(file)
      const matches = serverMatches(values.against, systemClock.now_ms())
      const silent = await unmatched(rules.groups, query, matches, wanted)
      problems.push(...silent.map(formatProblem))
    }
    for (const note of [...twiceIn(rules.groups), ...unknownSeverities(rules.groups)]) terminal.err(`note: ${note}\n`)
    for (const problem of problems) await terminal.out(`${problem}\n`)
    if (problems.length > 0) {
      terminal.err(`${counted(problems.length, 'problem')}\n`)
      return 1
    }
    const count = rules.groups.reduce((sum, group) => sum + group.rules.length, 0)
    const policies = counted(rules.policies.length, 'scaling policy', 'scaling policies')
    await terminal.out(`ok: ${counted(count, 'rule')} and ${policies} in ${counted(rules.files.length, 'file')}\n`)
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

/** Rules of one file that have name and labels in common: what they write may clash. Prometheus' own check says so too, and lets it pass. */
function twiceIn(groups: readonly RuleGroup[]): string[] {
  const seen = new Map<string, number>()
  for (const { file, rules } of groups) {
    for (const { kind, name, labels } of rules) {
      const key = `${file}: ${kind} ${name}${String(Labels.of(labels))}`
      seen.set(key, (seen.get(key) ?? 0) + 1)
    }
  }
  return [...seen].filter(([, count]) => count > 1).map(([key, count]) => `${key} is there ${count} times`)
}

/** Words under `severity` by which no incident is worse than another: Alertmanager routes by any, so they are well. */
function unknownSeverities(groups: readonly RuleGroup[]): string[] {
  const known: readonly string[] = SEVERITIES
  const rules = new Map<string, string[]>()
  for (const { file, rules: all } of groups) {
    for (const { kind, name, labels } of all) {
      const word = labels['severity'] ?? ''
      if (kind === 'record' || word === '' || word.includes('{{') || known.includes(word)) continue
      rules.set(word, [...(rules.get(word) ?? []), `${file}: ${kind} ${name}`])
    }
  }
  return [...rules].map(([word, places]) => {
    const more = places.length > 1 ? ` and ${counted(places.length - 1, 'other')}` : ''
    return `${places[0]}${more}: severity ${word} counts for nothing in an incident, which knows ${known.join(', ')}`
  })
}
