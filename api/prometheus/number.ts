/** Go writes at least two digits of an exponent, JavaScript as few as it needs. */
function goExponent(text: string): string {
  return text.replace(/e(?<sign>[+-])(?<digit>\d)$/, 'e$<sign>0$<digit>')
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN'
  if (value === Infinity) return '+Inf'
  if (value === -Infinity) return '-Inf'
  return Object.is(value, -0) ? '-0' : undefined
}

/** A sample value: the shortest digits that read back the same; an exponent below 1e-6 and from 1e21, as Prometheus. */
export function formatValue(value: number): string {
  const text = special(value)
  if (text !== undefined) return text
  const size = Math.abs(value)
  return size >= 1e-6 && size < 1e21 ? String(value) : goExponent(String(value))
}

/** A scalar, which Prometheus writes without an exponent, however long that is. */
export function formatPlain(value: number): string {
  const text = special(value) ?? String(value)
  const parts = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (parts === null) return text
  const [, sign, first, rest = '', exponent] = parts
  const digits = first! + rest
  const point = 1 + Number(exponent)
  return point <= 0 ? `${sign}0.${'0'.repeat(-point)}${digits}` : sign + digits.padEnd(point, '0')
}

/** The value of an active alert, which Prometheus always writes with an exponent: `1e+00`. */
export function formatExponent(value: number): string {
  const text = special(value)
  if (text !== undefined) return text === '-0' ? '-0e+00' : text
  return goExponent(value.toExponential())
}

/** Milliseconds as a JSON number of seconds: no fraction, or exactly three decimals. */
export function formatSeconds(time_ms: number): string {
  const whole_ms = Math.abs(Math.round(time_ms))
  const rest_ms = whole_ms % 1000
  const sign = time_ms < 0 && whole_ms !== 0 ? '-' : ''
  const seconds = `${sign}${(whole_ms - rest_ms) / 1000}`
  return rest_ms === 0 ? seconds : `${seconds}.${String(rest_ms).padStart(3, '0')}`
}
