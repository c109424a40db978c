import { parseDetector } from '../kinds/registry.ts'
import type { AnomalySpec } from '../scoring/spec.ts'

/** An anomaly rule as they come: both directions, one alarm a week, every minute, told at once. `over`: what is otherwise. */
export function specOf(name: string, detect: unknown, over: Partial<AnomalySpec> = {}): AnomalySpec {
  return {
    key: `test/${name}`,
    name,
    detector: parseDetector(detect),
    direction: 'both',
    budget_per_week: 1,
    evidence: false,
    for_ms: 0,
    interval_ms: 60_000,
    plain: null,
    render: () => ({ severity: 'warning', annotations: {} }),
    ...over,
  }
}
