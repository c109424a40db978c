import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { until } from './barograph.ts'
import type { AlertForm } from './forms.ts'

const run = promisify(execFile)

/** Where the tests find a real Alertmanager and its command line; '' where they do not. */
export const ALERTMANAGER = process.env['BAROGRAPH_TEST_ALERTMANAGER'] ?? ''
export const AMTOOL = process.env['BAROGRAPH_TEST_AMTOOL'] ?? ''

/** Alerts that Alertmanager holds to be active. */
export async function activeAlerts(...filters: readonly string[]): Promise<AlertForm[]> {
  const parameters = new URLSearchParams(filters.map((filter): [string, string] => ['filter', filter]))
  const response = await fetch(`${ALERTMANAGER}/api/v2/alerts?${parameters.toString()}`)
  if (!response.ok) throw new Error(`Alertmanager: ${response.status} ${await response.text()}`)
  return (await response.json()) as AlertForm[]
}

/** Waits until no such alert is active, and says how long before the last `endsAt` that was: ms, more than 0 where it was told of the end. */
export async function gone(...filters: readonly string[]): Promise<number> {
  let ends_ms = -Infinity
  return until(`the end of ${filters.join()}`, async () => {
    const alerts = await activeAlerts(...filters)
    if (alerts.length === 0) return ends_ms - Date.now()
    ends_ms = Math.max(ends_ms, ...alerts.map(({ endsAt }) => Date.parse(endsAt)))
    return undefined
  })
}

/** What a person sees who asks with `amtool alert query`. */
export async function amtoolQuery(...matchers: readonly string[]): Promise<string> {
  const { stdout } = await run(AMTOOL, [`--alertmanager.url=${ALERTMANAGER}`, 'alert', 'query', ...matchers])
  return stdout
}
