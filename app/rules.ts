import { existsSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'

import { nearest, type Problem } from '#core/config/problems.ts'
import type { QueryEngine } from '#core/ports/query-engine.ts'

import { loadRules, type Outside, parseDetector, type RuleGroup } from '../detectors/index.ts'
import { type Policy, policySchema } from '../scaling/index.ts'
import { policyProblems } from './policy-problems.ts'

/** The packs that are on when the configuration names no rules. */
const OWN_RULES = join(import.meta.dirname, '../rules')

/** Whether a file is of those packs. */
export const isOfPacks = (file: string): boolean => file.startsWith(OWN_RULES + sep)

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
  return {
    groups,
    policies: policies.map(({ policy }) => policy),
    problems: [...problems, ...doubledForecasts(groups), ...policyProblems(policies, groups, query)],
    files,
  }
}

/** Forecasts are asked for by the name of their rule. */
function doubledForecasts(groups: readonly RuleGroup[]): Problem[] {
  const seen = new Set<string>()
  return groups.flatMap(({ file, name: group, rules }) =>
    rules.flatMap(({ kind, name }) => {
      if (kind !== 'forecast') return []
      if (!seen.has(name)) {
        seen.add(name)
        return []
      }
      return [{ file, line: 0, path: `groups.${group}.${name}`, message: 'a second forecast rule of this name' }]
    }),
  )
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
