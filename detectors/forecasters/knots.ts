const RATIO = 1.5

/** Distances 1…`steps`, ever wider apart, both ends among them: what changes with the distance changes ever slower. */
export function knotsOf(steps: number): number[] {
  const knots: number[] = []
  for (let h = 1; h < steps; h = Math.max(h + 1, Math.round(h * RATIO))) knots.push(h)
  return [...knots, steps]
}
