import { compileMatchers } from '#core/matching.ts'
import type { Labels } from '#core/series.ts'

import type { Detector } from '../kinds/kind.ts'
import { createDetector, scoresSamples } from '../kinds/registry.ts'
import type { AnomalySpec } from './spec.ts'

/** A rule at work: its detector and its rows by metric and labels. */
export class ActiveRule {
  /** Replaced by a reload that leaves the detector as it is. */
  spec: AnomalySpec
  readonly detector: Detector
  /** False: `absence`, which speaks on ticks. */
  readonly scores: boolean
  readonly rows = new Map<string, number>()
  #matches: ((labels: Labels) => boolean) | null = null

  constructor(spec: AnomalySpec) {
    this.spec = spec
    const budget = (): number => this.spec.budget_per_week
    this.detector = createDetector(spec.detector, {
      get budget_per_week() {
        return budget()
      },
    })
    this.scores = scoresSamples(spec.detector.kind)
    this.update(spec)
  }

  /** Takes a new version of the rule with the same detector. */
  update(spec: AnomalySpec): void {
    this.spec = spec
    this.#matches = spec.plain === null ? null : compileMatchers(spec.plain)
  }

  /** Whether samples of the series are scored as they arrive. */
  follows(labels: Labels): boolean {
    return this.#matches?.(labels) ?? false
  }
}

/** Canonical text of a detector's configuration: state is kept while it stays the same. */
export function detectorText(spec: AnomalySpec): string {
  return JSON.stringify(Object.entries(spec.detector).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Where a rule keeps the row of a series. */
export function seriesKey(metric: string, labels: Labels): string {
  return `${metric}\u0002${labels.key}`
}
