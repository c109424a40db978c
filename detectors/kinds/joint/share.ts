/** The largest score of what is not anomalous. */
const BELOW_ONE = 1 - 1e-9

/** What a distance on one side scores that is not anomalous: exp(log(1 + z) − log(1 + most)) without a logarithm. */
export function shareOf(z: number, most: number): number {
  const share = z > 0 ? (1 + z) / (1 + most) : 1 / (1 + most)
  return share < BELOW_ONE ? share : BELOW_ONE
}
