import type { Random } from '#core/random.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** One service of the shop: how long it takes itself, and whom it waits for. */
export interface Service {
  readonly name: string
  readonly route: string
  /** Median of its own work, ms. */
  readonly own_ms: number
  readonly calls: readonly string[]
  /** Requests for each one of the storefront. */
  readonly share: number
}

/** A storefront that asks a catalogue and a checkout; the checkout takes money, which is written down in a database. */
export const SERVICES: readonly Service[] = [
  { name: 'storefront', route: '/', own_ms: 18, calls: ['catalog', 'checkout'], share: 1 },
  { name: 'catalog', route: '/products', own_ms: 9, calls: [], share: 1 },
  { name: 'checkout', route: '/checkout', own_ms: 22, calls: ['payments'], share: 0.6 },
  { name: 'payments', route: '/charge', own_ms: 16, calls: ['payments-db'], share: 0.6 },
  { name: 'payments-db', route: '/query', own_ms: 7, calls: [], share: 0.6 },
]

const BY_NAME = new Map(SERVICES.map((service) => [service.name, service]))

/** Spread of the logarithm of a duration. */
const SIGMA = 0.35
const NIGHT_RPS = 6
const DAY_RPS = 48
/** The ramp: from night to day in this time. */
const RAMP_MS = 40 * MINUTE_MS

/** Slower database: its own work takes this many times as long. 1 while all is well. */
export interface Fault {
  readonly service: string
  readonly factor: number
}

const smooth = (x: number): number => {
  const t = Math.max(0, Math.min(1, x))
  return t * t * (3 - 2 * t)
}

/** Requests a second at the storefront; the day's ramp begins at `begin_ms`, today as on every day before. */
export function load(time_ms: number, begin_ms: number): number {
  const phase = (((time_ms - begin_ms) % DAY_MS) + DAY_MS) % DAY_MS
  const day = smooth(phase / RAMP_MS) - smooth((phase - 8 * 60 * MINUTE_MS) / (4 * 60 * MINUTE_MS))
  const wave = 1 + 0.08 * Math.sin((phase / DAY_MS) * 18 * Math.PI)
  return (NIGHT_RPS + (DAY_RPS - NIGHT_RPS) * day) * wave
}

/** Median time of a request at a service, with those it waits for, ms. */
export function median_ms(name: string, fault?: Fault): number {
  const service = BY_NAME.get(name)!
  const own = service.own_ms * (fault?.service === name ? fault.factor : 1)
  return service.calls.reduce((sum, callee) => sum + median_ms(callee, fault), own)
}

/** Share of requests that take at most `bound_s`. */
export function shareBelow(bound_s: number, median: number): number {
  if (bound_s === Infinity) return 1
  const z = Math.log((bound_s * 1000) / median) / SIGMA
  // Logistic approximation of the normal distribution, good to 0.01: it is a shop, not a paper.
  return 1 / (1 + Math.exp(-1.702 * z))
}

/** One duration, ms. */
export function duration_ms(median: number, random: Random): number {
  const u = Math.min(1 - 1e-9, Math.max(1e-9, random()))
  return median * Math.exp((SIGMA * Math.log(u / (1 - u))) / 1.702)
}
