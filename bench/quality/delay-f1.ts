/** Points of a series after the rule of the KPI challenge. */
export interface Counts {
  readonly tp: number
  readonly fp: number
  readonly fn: number
}

/** A segment counts as found when it was told within this many points of its first. */
const DELAY = 7

/**
 * `truth` and `predicted` are 0 or 1 by row. A true segment counts as predicted, all of it, when one of its first 8
 * points was; else none of it. Points outside segments count as they are.
 */
export function delayCounts(truth: Uint8Array, predicted: Uint8Array): Counts {
  let [tp, fp, fn] = [0, 0, 0]
  for (let i = 0; i < truth.length; i++) {
    if (truth[i] === 0) {
      fp += predicted[i]!
      continue
    }
    const from = i
    while (i + 1 < truth.length && truth[i + 1] === 1) i++
    const told = predicted.subarray(from, Math.min(from + DELAY + 1, i + 1)).includes(1)
    if (told) tp += i + 1 - from
    else fn += i + 1 - from
  }
  return { tp, fp, fn }
}

export const f1 = ({ tp, fp, fn }: Counts): number => (tp === 0 ? 0 : (2 * tp) / (2 * tp + fp + fn))

export function pooled(all: readonly Counts[]): Counts {
  let [tp, fp, fn] = [0, 0, 0]
  for (const one of all) {
    tp += one.tp
    fp += one.fp
    fn += one.fn
  }
  return { tp, fp, fn }
}

/** The middle 95 % of the pooled F1 of as many series drawn with replacement. */
export function bootstrap(all: readonly Counts[], random: () => number, draws = 2000): readonly [number, number] {
  const found = Float64Array.from({ length: draws }, () =>
    f1(pooled(all.map(() => all[Math.floor(random() * all.length)]!))),
  ).toSorted()
  return [found[Math.floor(0.025 * draws)]!, found[Math.floor(0.975 * draws)]!]
}
