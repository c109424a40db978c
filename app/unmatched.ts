import type { Problem } from '#core/config/problems.ts'
import { messageOf, ServiceError } from '#core/errors.ts'
import type { QueryEngine } from '#core/ports/query-engine.ts'
import type { Matcher } from '#core/ports/series-reader.ts'
import { matcherText, selectorText } from '#core/selector.ts'
import { METRIC_NAME } from '#core/series.ts'

import type { RuleGroup } from '../detectors/index.ts'

/** Whether any series has matched lately. Throws `ServiceError`. */
export type Matches = (selector: string) => Promise<boolean>

/** What we write ourselves is there when the rules are. */
const OURS = /^(?:ALERTS|ALERTS_FOR_STATE|barograph_(?:score|expected|lower|upper|forecast|forecast_ahead|replicas))$/
/** A name that stands before the braces. */
const BARE = /^[A-Za-z_:][\w:]*$/
const ABSENCE = /\babsent(?:_over_time)?\s*\(/

/**
 * Rules with a selector that no series at hand matches. Those about absence are left out: they wait for exactly that. `wanted`: files that are
 * looked at; what the others record is known all the same.
 */
export async function unmatched(
  groups: readonly RuleGroup[],
  query: Pick<QueryEngine, 'inspect'>,
  matches: Matches,
  wanted: (file: string) => boolean = () => true,
): Promise<Problem[]> {
  const recorded = new Set(
    groups.flatMap(({ rules }) => rules.flatMap(({ kind, name }) => (kind === 'record' ? [name] : []))),
  )
  const known = new Map<string, Promise<boolean>>()
  const asked = (matchers: readonly Matcher[]): Promise<boolean> => {
    const selector = selectorText(matchers)
    if (!known.has(selector)) known.set(selector, matches(selector))
    return known.get(selector)!
  }
  const problems: Problem[] = []
  for (const { file, name: group, rules } of groups.filter((one) => wanted(one.file))) {
    for (const rule of rules) {
      if (ABSENCE.test(rule.expr)) continue
      for (const { matchers } of query.inspect(rule.expr).selectors) {
        const named = matchers.find(({ name, op }) => name === METRIC_NAME && op === '=')
        const isOurs = named !== undefined && (recorded.has(named.value) || OURS.test(named.value))
        if (isOurs || (await asked(matchers))) continue
        const path = `${group}: ${rule.kind} ${rule.name}`
        const message = `no series matches ${shown(matchers)}${await why(matchers, asked)}`
        problems.push({ file, line: 0, path, message })
      }
    }
  }
  return problems
}

/** The matcher that is to blame: the name, or the first without which there is something. */
async function why(
  matchers: readonly Matcher[],
  asked: (matchers: readonly Matcher[]) => Promise<boolean>,
): Promise<string> {
  const named = matchers.filter(({ name, op }) => name === METRIC_NAME && op === '=')
  if (named.length === 0 || matchers.length === 1) return ''
  if (!(await asked(named))) return '; there is no metric of that name'
  for (const one of matchers.filter((matcher) => matcher.name !== METRIC_NAME)) {
    if (!(await asked([...named, one]))) return `; ${named[0]!.value} is there, without ${matcherText(one)}`
  }
  return ''
}

/** As people write it: `up{job="shop"}`. */
function shown(matchers: readonly Matcher[]): string {
  const named = matchers.find(({ name, op, value }) => name === METRIC_NAME && op === '=' && BARE.test(value))
  if (named === undefined) return selectorText(matchers)
  const others = matchers.filter((one) => one !== named)
  return others.length === 0 ? named.value : `${named.value}${selectorText(others)}`
}

const WAIT_MS = 30_000
const LATELY_MS = 86_400_000

/** Asks a server with the Prometheus API, ours or another, for the last day. */
export function serverMatches(url: string, now_ms: number): Matches {
  return async (selector) => {
    const parameters = new URLSearchParams({
      'match[]': selector,
      start: String((now_ms - LATELY_MS) / 1000),
      end: String(now_ms / 1000),
      limit: '1',
    })
    const address = `${url.replace(/\/$/, '')}/api/v1/series?${parameters.toString()}`
    try {
      const response = await fetch(address, { signal: AbortSignal.timeout(WAIT_MS) })
      const body = (await response.json()) as { status?: string; error?: string; data?: unknown[] }
      if (body.status !== 'success') throw new Error(body.error ?? `status ${response.status}`)
      return (body.data ?? []).length > 0
    } catch (error) {
      throw new ServiceError('bad_data', `${url} cannot be asked for ${selector}: ${messageOf(error)}`, {
        cause: error,
      })
    }
  }
}
