/** `2/week`, `1/day`, `0.5/h` as false alarms a week; undefined for anything else. */
export function parseBudget(text: string): number | undefined {
  const parts = /^(\d+(?:\.\d+)?) ?\/ ?(h|hour|d|day|w|week|month)$/.exec(text)
  if (parts === null) return undefined
  const a_week = { h: 168, d: 7, w: 1, m: 7 / 30 }[parts[2]![0] as 'h' | 'd' | 'w' | 'm']
  const budget = Number(parts[1]) * a_week
  return budget > 0 ? budget : undefined
}
