import type { Hint } from '../hint.ts'
import { quantity } from '../quantities.ts'
import { type Locale, timeOfDay } from './language.ts'

/** Why so many replicas: `demand 640 at 10:42 UTC (q0.95), 100 a replica`; present demand where no quantile decided. */
export function hintSentence(hint: Hint, locale: Locale): string {
  const isZh = locale.language === 'zh'
  const demand = quantity(hint.demand, '')
  const capacity = quantity(hint.capacity, '')
  if (Number.isNaN(hint.quantile)) {
    return isZh ? `当前需求 ${demand}，每副本 ${capacity}` : `demand ${demand} now, ${capacity} a replica`
  }
  const at = timeOfDay(hint.target_ms, locale)
  return isZh
    ? `${at} 需求 ${demand}（q${hint.quantile}），每副本 ${capacity}`
    : `demand ${demand} at ${at} (q${hint.quantile}), ${capacity} a replica`
}
