/** The lesser of two, NaN where one is: but nothing is less than -Inf, NaN neither (method: Go's `math.Min`, as Prometheus). */
export function lesser(a: number, b: number): number {
  return a === -Infinity || b === -Infinity ? -Infinity : Math.min(a, b)
}

/** The greater of two, NaN where one is: but nothing is greater than +Inf. */
export function greater(a: number, b: number): number {
  return a === Infinity || b === Infinity ? Infinity : Math.max(a, b)
}
