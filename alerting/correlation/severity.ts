/** What an incident knows of the label `severity`, from the lightest. What is not named here is lighter than all of them. */
export const SEVERITIES = ['info', 'warning', 'error', 'critical'] as const

export const DEFAULT_SEVERITY = 'warning'

/** Higher is worse; -1 for a word that is not known. */
export function severityRank(severity: string): number {
  return SEVERITIES.indexOf(severity as (typeof SEVERITIES)[number])
}

/** The worst severity that is known, `warning` where there is none. */
export function highestSeverity(severities: Iterable<string>): string {
  let highest = ''
  for (const severity of severities) if (severityRank(severity) > severityRank(highest)) highest = severity
  return highest === '' ? DEFAULT_SEVERITY : highest
}
