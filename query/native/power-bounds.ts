/** The finest schema: 256 buckets between two powers of two. */
const FINEST = 8

/**
 * How far the bounds that Prometheus works with lie below the powers of two that they stand for, by index, in units of the last place, one added: its
 * table was made by a way that rounds more than once. With it bounds are the same to the last digit, where they are printed as much as where they are compared.
 */
const BELOW =
  '1111112111211111112311222222222211211121122211221122102211221122' +
  '1111112222332132112111211112111111121011213311221222112121332222' +
  '2121223322322122222222323233323311221121223321332233212232332232' +
  '2243223233433343333333444455435422322333324422333243223333543344'

/** The bounds in [0.5, 1) of the finest schema; each coarser one takes every second of the finer. */
const FRACTIONS = fractions()

function fractions(): Float64Array {
  const bounds = Float64Array.from(BELOW, (_, index) => 2 ** (index / 2 ** FINEST - 1))
  const bits = new BigInt64Array(bounds.buffer)
  for (let i = 0; i < bits.length; i++) bits[i]! -= BigInt(Number(BELOW[i]) - 1)
  return bounds
}

/** Upper bound of bucket `index`; beyond the largest float it is that float, and +Inf one further. */
export function boundOf(index: number, schema: number): number {
  const whole = schema > 0 ? Math.floor(index / 2 ** schema) : index * 2 ** -schema
  if (schema <= 0) return whole === 1024 ? Number.MAX_VALUE : 2 ** whole
  const rest = index - whole * 2 ** schema
  if (rest === 0 && whole === 1024) return Number.MAX_VALUE
  return FRACTIONS[rest * 2 ** (FINEST - schema)]! * 2 * 2 ** whole
}
