const ROUNDS = 6
/** Errors below this share of the usual one weigh alike. */
const CORE = 0.05

/**
 * Weights w of `y ≈ x·w` by least absolute deviations with a ridge, by iteratively reweighted least squares (Schlossmacher 1973). `x`: rows of `width`
 * values. `ridge`: the pull to 0, as a share of the rows. All zeros where `y` is.
 */
export function leastAbsolute(x: Float64Array, y: Float64Array, width: number, ridge: number): Float64Array {
  const usual = y.reduce((sum, v) => sum + Math.abs(v), 0) / y.length
  let weights = new Float64Array(width)
  if (!(usual > 0)) return weights
  for (let round = 0; round < ROUNDS; round++) {
    const left = new Float64Array(width * width)
    const right = new Float64Array(width)
    for (const [row, value] of y.entries()) {
      const at = row * width
      let error = value
      for (let j = 0; j < width; j++) error -= weights[j]! * x[at + j]!
      const weight = 1 / (round === 0 ? usual : Math.max(Math.abs(error), CORE * usual))
      for (let j = 0; j < width; j++) {
        const xj = x[at + j]! * weight
        right[j]! += xj * value
        for (let k = 0; k <= j; k++) left[j * width + k]! += xj * x[at + k]!
      }
    }
    for (let j = 0; j < width; j++) left[j * width + j]! += ridge * y.length * usual
    weights = solved(left, right, width)
  }
  return weights
}

/** w of `left·w = right` by Cholesky; of `left`, symmetric and positive definite, the lower triangle is read. */
function solved(left: Float64Array, right: Float64Array, width: number): Float64Array<ArrayBuffer> {
  const root = new Float64Array(width * width)
  const w = new Float64Array(width)
  for (let i = 0; i < width; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = left[i * width + j]!
      for (let k = 0; k < j; k++) sum -= root[i * width + k]! * root[j * width + k]!
      root[i * width + j] = i === j ? Math.sqrt(sum) : sum / root[j * width + j]!
    }
    let sum = right[i]!
    for (let k = 0; k < i; k++) sum -= root[i * width + k]! * w[k]!
    w[i] = sum / root[i * width + i]!
  }
  for (let i = width - 1; i >= 0; i--) {
    for (let k = i + 1; k < width; k++) w[i]! -= root[k * width + i]! * w[k]!
    w[i]! /= root[i * width + i]!
  }
  return w
}
