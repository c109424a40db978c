import type { FindingKind } from '#core/finding.ts'

import { EVIDENCE } from './evidence.ts'

/** Kinds of evidence before this one are of a sample alone. */
export const SINGLE = 2
/** And these before this one of means. */
export const AFTER_MEANS = 4
export const STILL = 5
export const SHAPES: readonly (FindingKind | undefined)[] = [
  undefined,
  undefined,
  undefined,
  undefined,
  'variance',
  'flat',
]
/** After those of `EVIDENCE`: that no value was near. It needs no past extremes, and moves with the others. */
export const NOVEL = EVIDENCE.length
/** That several samples in a row lay on one side. */
export const RUN = NOVEL + 1
/** That a young row left all that it was so far. It shares no budget: nothing is known to compare it with. */
export const LEFT = RUN + 1
/** So many share the budget. */
export const KINDS = EVIDENCE.length + 2

/** True of evidence of a mean, above or below. */
export const isMean = (reason: number): boolean => reason >= SINGLE && reason < AFTER_MEANS

/** True of evidence that goes by the last hour or two, and speaks for a while after what it speaks of is over. */
export const remembers = (reason: number): boolean => reason >= SINGLE && reason < STILL

/** The name of a reason; `up`: of a run and of a row that left, where it went. */
export function nameOf(reason: number, up: boolean): string {
  if (reason === RUN) return up ? 'run above' : 'run below'
  if (reason === LEFT) return up ? 'above all' : 'below all'
  return EVIDENCE[reason] ?? 'new'
}
