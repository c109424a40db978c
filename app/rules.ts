import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { nearest, type Problem } from '#core/config/problems.ts'
import { messageOf, ServiceError } from '#core/errors.ts'
import type { QueryEngine } from '#core/ports/query-engine.ts'

import { loadRules, type Outside, parseDetector, type RuleGroup } from '../detectors/index.ts'
import { type Policy, policySchema } from '../scaling/index.ts'

/** The packs that are on when the configuration names no rules. */
const OWN_RULES = join(import.meta.dirname, '../rules')

export interface Rules {
  readonly groups: readonly RuleGroup[]
  readonly policies: readonly Policy[]
  readonly problems: readonly Problem[]
  readonly files: readonly string[]
}

/** `rules` of the configuration as paths: null is the package's own; relative ones are relative to the configuration's folder. */
export function rulePaths(rules: readonly string[] | null, folder: string): readonly string[] {
  if (rules === null) return [OWN_RULES]
  // `rules` names the package's packs wherever there is no folder of that name.
  return rules.map((path) =>
    path === 'rules' && !existsSync(resolve(folder, path)) ? OWN_RULES : resolve(folder, path),
  )
}

/** Reads rule files; what is wrong is in `problems`. */
export function readRules(paths: readonly string[], query: Pick<QueryEngine, 'inspect'>, outside?: Outside): Rules {
  const deps = { query, parseDetector, policySchema, ...(outside !== undefined && { outside }) }
  const { groups, policies, problems, files } = loadRules(paths, deps)
  const wrong = [...doubled(policies), ...unreadable(policies, groups, query)]
  return { groups, policies, problems: [...problems, ...wrong], files }
}

/** Policies whose demand is neither the name of a forecast rule nor an expression. */
function unreadable(
  policies: readonly Policy[],
  groups: readonly RuleGroup[],
  query: Pick<QueryEngine, 'inspect'>,
): Problem[] {
  const forecasts = new Set(
    groups.flatMap(({ rules }) => rules.flatMap(({ kind, name }) => (kind === 'forecast' ? [name] : []))),
  )
  return policies.flatMap(({ name, demand }) => {
    if (forecasts.has(demand)) return []
    try {
      query.inspect(demand)
      return []
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      return [{ file: 'scaling', line: 0, path: `${name}.demand`, message: messageOf(error) }]
    }
  })
}

function doubled(policies: readonly Policy[]): Problem[] {
  const names = policies.map(({ name }) => name)
  return [...new Set(names.filter((name, i) => names.indexOf(name) !== i))].map((name) => ({
    file: 'scaling',
    line: 0,
    path: name,
    message: 'a second policy of this name',
  }))
}

/** Groups whose `datasource` is no entry of `upstream`. */
export function unknownDatasources(
  { groups }: Pick<Rules, 'groups'>,
  upstreams: Readonly<Record<string, unknown>>,
): Problem[] {
  const names = Object.keys(upstreams)
  return groups.flatMap(({ name, file, datasource }) => {
    if (datasource === undefined || names.includes(datasource)) return []
    const near = nearest(datasource, names)
    const fix =
      near === undefined
        ? `there are: ${names.join(', ') || 'none; add it to the configuration'}`
        : `did you mean ${near}?`
    const message = `no upstream ${JSON.stringify(datasource)}; ${fix}`
    return [{ file, line: 0, path: `groups.${name}.datasource`, message }]
  })
}
