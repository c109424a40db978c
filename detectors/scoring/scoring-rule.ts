import type { CivilTime } from '#core/civil-time.ts'
import { compileMatchers } from '#core/matching.ts'
import type { Labels } from '#core/series.ts'

import { type Correctable, type Detector, type DetectorContext, isCorrectable } from '../kinds/kind.ts'
import { createDetector, scoresSamples } from '../kinds/registry.ts'
import { Lane } from './lane.ts'
import type { AnomalySpec } from './spec.ts'

/** Series that a rule follows, and bytes of what it knows of them. */
export interface RuleCost {
  readonly series: number
  readonly bytes: number
}

/** What a rule costs, and of how many of its series it knows too little as yet. */
export interface RuleFollowing extends RuleCost {
  readonly learning: number
}

/** An anomaly rule at work: its detector, the series that it follows, and the rows of them. */
export class ScoringRule {
  /** Replaced by a reload that leaves the detector as it is. */
  spec: AnomalySpec
  readonly detector: Detector
  /** Holds copies of rows from before their findings, where the kind can take back what it learned. */
  readonly spare: Correctable | null
  /** False: `absence`, which speaks on ticks. */
  readonly scores: boolean
  /** Its number in the rows that are its own. */
  readonly slot: number
  /** Rows to be asked on ticks: of kinds that do not score samples. */
  readonly silent = new Set<number>()
  /** Up to when what it reads is known, where that comes from elsewhere. */
  known_ms = Infinity
  /** Rows that it gets up to then learn from what is stored of their series first. */
  young_until_ms = -Infinity
  /** Where its detector takes batches. */
  readonly lane: Lane | null
  #matches: ((labels: Labels) => boolean) | null = null

  constructor(spec: AnomalySpec, slot: number, civil?: CivilTime) {
    this.spec = spec
    this.slot = slot
    this.detector = createDetector(
      spec.detector,
      this.#context(() => this.spec.budget_per_week, civil),
    )
    this.spare = this.#spareOf(civil)
    this.scores = scoresSamples(spec.detector.kind)
    this.lane = this.detector.steps === undefined ? null : new Lane()
    this.update(spec)
  }

  /** What it reads is known up to here. */
  known(until_ms: number): void {
    this.known_ms = until_ms
  }

  get cost(): RuleCost {
    return { series: this.detector.live, bytes: this.detector.bytes + (this.spare?.bytes ?? 0) }
  }

  /** Takes a new version of the rule with the same detector. */
  update(spec: AnomalySpec): void {
    this.spec = spec
    this.known_ms = Infinity
    this.#matches = spec.plain === null ? null : compileMatchers(spec.plain)
  }

  /** Each of its rows is allowed what one of the detector's is. */
  #spareOf(civil: CivilTime | undefined): Correctable | null {
    if (!isCorrectable(this.detector)) return null
    const budget = (): number => (this.spec.budget_per_week * spare.live) / Math.max(1, this.detector.live)
    const spare = createDetector(this.spec.detector, this.#context(budget, civil)) as Correctable
    return spare
  }

  /** What the spec says is asked for at each use: a reload may change it. */
  #context(budget: () => number, civil: CivilTime | undefined): DetectorContext {
    const direction = (): AnomalySpec['direction'] => this.spec.direction
    return {
      get budget_per_week() {
        return budget()
      },
      get direction() {
        return direction()
      },
      civil,
    }
  }

  /** Whether verdicts are shown: as series, in `/metrics`, in the console. */
  get shows(): boolean {
    return !this.spec.evidence && this.scores
  }

  /** Whether its rows are described by the series that feed them alone: nobody asks for their labels until there is a finding. */
  get lean(): boolean {
    return this.spec.plain !== null && this.spec.evidence && this.scores
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
