/** A number as PromQL writes it: shortest form, with an exponent below 1e-4 and from 1e6 on; `+Inf`, `-Inf`, `NaN`. */
export function formatNumber(value: number): string {
  const [digits, exponent] = value.toExponential().split('e')
  const tens = Number(exponent)
  if (!Number.isFinite(value) || (tens >= -4 && tens < 6)) return plainNumber(value)
  return `${digits}e${tens < 0 ? '-' : '+'}${String(Math.abs(tens)).padStart(2, '0')}`
}

/** The same without an exponent, however long: the label values of `count_values`. */
export function plainNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (value === Infinity) return '+Inf'
  if (value === -Infinity) return '-Inf'
  if (Object.is(value, -0)) return '-0'
  const text = String(value)
  const parts = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (parts === null) return text
  const [, sign, first, rest = '', exponent] = parts
  const digits = first! + rest
  const point = 1 + Number(exponent)
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  if (point >= digits.length) return sign + digits + '0'.repeat(point - digits.length)
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}
