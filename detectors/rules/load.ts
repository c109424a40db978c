import { statSync } from 'node:fs'
import { resolve } from 'node:path'

import { type Document, LineCounter, parseAllDocuments } from 'yaml'
import { z } from 'zod'

import { lineOf } from '#core/config/load.ts'
import { formatPath, formatProblem, issuesOf, nearest, notYaml, type Problem } from '#core/config/problems.ts'
import { keepTexts } from '#core/config/texts.ts'
import { readText, treeOf } from '#core/config/yaml-file.ts'
import { messageOf, ServiceError } from '#core/errors.ts'
import type { ExpressionInfo, QueryEngine } from '#core/ports/query-engine.ts'
import { Labels } from '#core/series.ts'

import type { AnomalySpec } from '../scoring/spec.ts'
import { BUILDERS, type Place } from './build.ts'
import { placed } from './datasource.ts'
import { filesOf, numbering, type RuleFile } from './files.ts'
import { partsOf, plainGroup } from './objects.ts'
import type { Rule, RuleGroup } from './rule.ts'
import { type GroupText, groupSchema, RULE_KINDS, RULE_SCHEMAS, type RuleKind } from './schema.ts'
import { NOWHERE, type Outside, Template } from './template/template.ts'

export interface LoadDeps<Policy> {
  readonly query: Pick<QueryEngine, 'inspect'>
  /** Reads what stands under `detector:`; throws `ServiceError('bad_config')`. */
  readonly parseDetector: (raw: unknown) => AnomalySpec['detector']
  /** One entry of `scaling:`. */
  readonly policySchema: z.ZodType<Policy>
  /** What templates see of the process. */
  readonly outside?: Outside
}

/** A policy, and how to tell what is wrong with it beside the rules: a problem of one of its keys, at its place in its file. */
export interface ReadPolicy<Policy> {
  readonly policy: Policy
  readonly problem: (key: string, message: string) => Problem
}

export interface LoadedRules<Policy> {
  readonly groups: readonly RuleGroup[]
  readonly policies: readonly ReadPolicy<Policy>[]
  /** Everything that is wrong, in order of files and lines. What is not wrong is loaded all the same. */
  readonly problems: readonly Problem[]
  readonly files: readonly string[]
}

type Raw = Readonly<Record<string, unknown>>

const isMap = (raw: unknown): raw is Raw => typeof raw === 'object' && raw !== null && !Array.isArray(raw)

const TEXTS: ReadonlySet<string> = new Set(['labels', 'annotations', 'expr', 'alert', 'record'])
const FILE_SIZE_MAX = 4 * 2 ** 20
const fileSchema = z.strictObject(
  {
    groups: z.array(z.unknown()).default([]),
    scaling: z.array(z.unknown()).default([]),
  },
  { error: ({ code }) => (code === 'invalid_type' ? 'a file of rules has groups:, scaling: or both' : undefined) },
)
/** The specification of a PrometheusRule object. */
const specSchema = fileSchema.omit({ scaling: true })

/** Reads rule files. Never throws for what is in them: `problems` has it. */
export function loadRules<Policy>(paths: readonly string[], deps: LoadDeps<Policy>): LoadedRules<Policy> {
  const groups: RuleGroup[] = []
  const policies: ReadPolicy<Policy>[] = []
  const problems: Problem[] = []
  const files = new Map<string, RuleFile>()
  for (const path of paths) {
    try {
      for (const one of filesOf(path)) files.set(resolve(one.file), files.get(resolve(one.file)) ?? one)
    } catch (error) {
      // Prometheus takes patterns; here a folder stands for all that is in it.
      const message = path.includes('*')
        ? 'patterns are not taken here; name the folder, which is read with all below it'
        : `cannot be read: ${messageOf(error)}`
      problems.push({ file: path, line: 0, path: '', message })
    }
  }
  const numbered = numbering()
  for (const { file, name } of files.values()) {
    const reader = new FileReader({ file, name: numbered(name) }, deps)
    reader.read()
    groups.push(...reader.groups)
    policies.push(...reader.policies)
    problems.push(...reader.problems)
  }
  const inspect = (expr: string): ExpressionInfo => deps.query.inspect(expr)
  return { groups: placed(groups, inspect), policies, problems, files: [...files.values()].map(({ file }) => file) }
}

/** Throws `ServiceError('bad_config')` with every problem, when there is one. */
export function refuseProblems(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new ServiceError('bad_config', problems.map(formatProblem).join('\n'))
}

interface GroupPlace {
  readonly group: GroupText
  /** Its file and, of Kubernetes' objects, which. */
  readonly file: string
}

class FileReader<Policy> {
  readonly groups: RuleGroup[] = []
  readonly policies: ReadPolicy<Policy>[] = []
  readonly problems: Problem[] = []
  readonly #file: string
  readonly #name: string
  readonly #deps: LoadDeps<Policy>
  readonly #lines = new LineCounter()
  #document: Document | undefined
  #documents: readonly Document[] = []

  constructor({ file, name }: RuleFile, deps: LoadDeps<Policy>) {
    this.#file = file
    this.#name = name
    this.#deps = deps
  }

  read(): void {
    for (const document of this.#parse()) this.#documentOf(document)
  }

  #documentOf(document: Document): void {
    this.#document = document
    const raw: unknown = this.#attemptAny([], () => treeOf(document, this.#lines))
    if (raw === undefined) return
    for (const { raw: part, path, name, isObject } of partsOf(raw)) {
      if (part === undefined) {
        // Other objects may lie beside: a file of them has nothing for us.
        if (!this.#documents.some((one) => one !== document))
          this.#problem(path, `an object of kind ${name}; rules are in those of kind PrometheusRule`)
        continue
      }
      const whole = isObject ? this.#checked(specSchema, part, path) : this.#checked(fileSchema, part, path)
      if (whole === undefined) continue
      const before = this.groups.length
      for (const [i, group] of whole.groups.entries())
        this.#group(isObject ? plainGroup(group) : group, [...path, 'groups', i], { name, before })
      if (!('scaling' in whole)) continue
      for (const [i, entry] of (whole.scaling as unknown[]).entries()) {
        const place = [...path, 'scaling', i]
        const policy = this.#checked(this.#deps.policySchema, entry, place)
        if (policy === undefined) continue
        this.policies.push({ policy, problem: (key, message) => this.#at(document, [...place, key], message) })
      }
    }
  }

  #parse(): readonly Document[] {
    try {
      if (statSync(this.#file).size > FILE_SIZE_MAX) throw new Error(`larger than ${FILE_SIZE_MAX} bytes`)
      const options = { lineCounter: this.#lines, merge: true }
      const parsed = parseAllDocuments(readText(this.#file), options)
      const documents = Array.isArray(parsed) ? parsed : []
      const bad = documents.flatMap(({ errors }) => errors)[0]
      this.#documents = documents
      for (const document of documents) keepTexts(document, TEXTS)
      if (bad === undefined) return documents
      const line = this.#lines.linePos(bad.pos[0]).line
      this.problems.push({ file: this.#file, line, path: '', message: notYaml(bad) })
    } catch (error) {
      this.#problem([], `cannot be read: ${messageOf(error)}`)
    }
    return []
  }

  /** `before`: where the groups of this object begin. */
  #group(raw: unknown, path: PropertyKey[], { name: object, before }: { name: string; before: number }): void {
    const group = this.#checked(groupSchema, raw, path)
    if (group === undefined) return
    if (this.groups.slice(before).some(({ name }) => name === group.name)) {
      this.#problem([...path, 'name'], `a second group ${JSON.stringify(group.name)} in this file`)
      return
    }
    for (const [name, text] of Object.entries(group.labels)) this.#template(text, [...path, 'labels', name])
    const file = object === '' ? this.#name : `${this.#name};${object}`
    const rules = group.rules.flatMap((rule, i) => this.#rule(rule, { group, file }, [...path, 'rules', i]) ?? [])
    const numbered = numbering()
    this.groups.push({
      name: group.name,
      file: this.#file,
      interval_ms: group.interval,
      offset_ms: group.query_offset,
      limit: group.limit,
      datasource: group.datasource,
      rules: rules.map((rule) => rekeyed(rule, numbered(rule.key))),
    })
  }

  #rule(raw: Raw, group: GroupPlace, path: PropertyKey[]): Rule | undefined {
    const kinds = RULE_KINDS.filter((kind) => kind in raw)
    const [kind] = kinds
    if (kind === undefined || kinds.length > 1) {
      const keys = Object.keys(raw)
      const near = keys.map((key) => nearest(key, RULE_KINDS)).find((name) => name !== undefined)
      const fix = near === undefined ? '' : `; did you mean ${near}?`
      this.#problem(
        path,
        kinds.length > 1
          ? `is ${kinds.join(' and ')} at once; make it two rules`
          : `a rule says one of ${RULE_KINDS.join(', ')}; this one has ${keys.join(', ') || 'nothing'}${fix}`,
      )
      return undefined
    }
    return this.#ruleOf(kind, raw, group, path)
  }

  #ruleOf(kind: RuleKind, raw: Raw, { group, file }: GroupPlace, path: PropertyKey[]): Rule | undefined {
    const before = this.problems.length
    const text = this.#checked(RULE_SCHEMAS[kind] as z.ZodType, raw, path)
    // Looked at whether or not the rest is well, so that all is told at once.
    const expression = this.#expression(raw['expr'], [...path, 'expr'])
    const given = raw['detector'] ?? 'auto'
    const isAnomaly = kind === 'anomaly'
    const detector = isAnomaly ? this.#attempt([...path, 'detector'], () => this.#deps.parseDetector(given)) : undefined
    for (const texts of kind === 'alert' || isAnomaly ? ['labels', 'annotations'] : []) {
      const entries = isMap(raw[texts]) ? Object.entries(raw[texts]) : []
      for (const [name, source] of entries) this.#template(source, [...path, texts, name], kind)
    }
    if (text === undefined || expression === undefined || this.problems.length > before) return undefined
    const key = `${file};${group.name};${kind};${String(raw[kind])}${labelsInKey(text, kind)}`
    const place: Place = { key, group, expression, detector, outside: this.#deps.outside ?? NOWHERE }
    // Schema and builder of one kind go together: the tables say so, the compiler cannot see it here.
    const build = BUILDERS[kind] as (text: unknown, place: Place) => Rule
    return this.#attempt(path, () => build(text, place))
  }

  #expression(raw: unknown, path: PropertyKey[]): ExpressionInfo | undefined {
    if (typeof raw !== 'string' && typeof raw !== 'number') return undefined
    const expression = this.#attempt(path, () => this.#deps.query.inspect(String(raw)))
    if (expression?.type !== 'matrix' && expression?.type !== 'string') return expression
    this.#problem(path, `is a ${expression.type}; a rule needs a vector or a number`)
    return undefined
  }

  #template(source: unknown, path: PropertyKey[], kind?: RuleKind): void {
    if (typeof source !== 'string') return
    const template = this.#attempt(path, () => new Template(source))
    // A finding is told in the moment in which it is made: nothing can be fetched for it.
    if (template?.asks === true && kind === 'anomaly')
      this.#problem(path, 'query is for alert rules; an anomaly rule has no other series')
  }

  /** Whatever goes wrong is in the file. */
  #attemptAny<T>(path: PropertyKey[], run: () => T): T | undefined {
    try {
      return run()
    } catch (error) {
      this.#problem(path, `cannot be read: ${messageOf(error)}`)
      return undefined
    }
  }

  #attempt<T>(path: PropertyKey[], run: () => T): T | undefined {
    try {
      return run()
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      this.#problem(path, messageOf(error))
      return undefined
    }
  }

  /** What is wrong is told and left out: what else is wrong is found all the same. */
  #checked<T>(schema: z.ZodType<T>, raw: unknown, path: readonly PropertyKey[]): T | undefined {
    // In YAML a key with nothing behind it is null; in Prometheus that is as if it were not there.
    const given = isMap(raw) ? Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== null)) : raw
    const result = schema.safeParse(given)
    if (result.success) return result.data
    for (const issue of issuesOf(result.error, schema)) this.#problem([...path, ...issue.path], issue.message)
    const wrong = result.error.issues.flatMap((issue) => {
      return issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : issue.path.slice(0, 1)
    })
    if (wrong.length === 0 || !isMap(given)) return undefined
    const rest = schema.safeParse(Object.fromEntries(Object.entries(given).filter(([key]) => !wrong.includes(key))))
    return rest.data
  }

  #problem(path: readonly PropertyKey[], message: string): void {
    this.problems.push(this.#at(this.#document, path, message))
  }

  #at(document: Document | undefined, path: readonly PropertyKey[], message: string): Problem {
    const line = document === undefined ? 0 : lineOf(document, this.#lines, path)
    return { file: this.#file, line, path: formatPath(path), message }
  }
}

/** The labels of a rule tell it from others of its name, as in Prometheus; what a detector has learned hangs on the name alone. */
function labelsInKey(text: unknown, kind: RuleKind): string {
  const { labels = {} } = text as { readonly labels?: Readonly<Record<string, string>> }
  const isOurs = kind === 'anomaly' || kind === 'forecast'
  return isOurs || Object.keys(labels).length === 0 ? '' : String(Labels.of(labels))
}

function rekeyed(rule: Rule, key: string): Rule {
  if (rule.kind === 'anomaly') return { ...rule, key, spec: { ...rule.spec, key } }
  if (rule.kind === 'forecast') return { ...rule, key, spec: { ...rule.spec, key } }
  return { ...rule, key }
}
