import type { SeriesDefinition } from '#core/series.ts'

/** Whether values only grow until a restart, so that their rate is what says something. */
export function isCumulative({ type, labels }: SeriesDefinition): boolean {
  if (type === 'counter') return true
  if (type === 'summary') return /_(?:count|sum)$/.test(labels.name)
  return type === 'unknown' && labels.name.endsWith('_total')
}

/** Of what is judged: a rate where values only grow. */
export function unitOf(definition: SeriesDefinition): string {
  if (!isCumulative(definition)) return definition.unit
  return `${definition.unit === '' ? '1' : definition.unit}/s`
}
