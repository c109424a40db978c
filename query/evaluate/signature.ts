import { type Labels, METRIC_NAME } from '#core/series.ts'

import type { Matching } from '../language/ast.ts'

/** The part of a label set by which elements of two vectors match. */
export function signatureOf({ on, labels }: Matching): (of: Labels) => Labels {
  if (on) {
    const kept = new Set(labels)
    return (of) => of.keep(kept)
  }
  const dropped = [...labels, METRIC_NAME]
  return (of) => of.drop(...dropped)
}
