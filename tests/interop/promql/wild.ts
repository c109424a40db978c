// What both servers are told before they are asked at random: an hour in which series come, go, jump, mix and lie beside each other in time.
import { type NativePoint, noise } from './demo.ts'
import { requestOf, type Sample, seriesMessage } from './remote-write.ts'

/** An hour and a half. */
export const WILD_MS = 90 * 60_000
/** So much of it is one request: in the order of time, as a server that is written to wants it. */
const REQUEST_MS = 10 * 60_000

type Labels = Readonly<Record<string, string>>

interface WildSeries {
  readonly labels: Labels
  readonly samples: readonly Sample[]
}

interface Rhythm {
  readonly interval_ms: number
  /** Samples lie up to so much behind their time. */
  readonly jitter_ms?: number
  /** Of 100 scrapes so many never came, and after so many the series ends. */
  readonly lost?: number
  readonly stale?: number
}

const SECOND_MS = 1000
/** Scrapes for which a series that has ended stays away. */
const AWAY = 17

const STEADY: Rhythm = { interval_ms: 15 * SECOND_MS }
const RHYTHMS: readonly Rhythm[] = [
  STEADY,
  { interval_ms: 15 * SECOND_MS, jitter_ms: 40, lost: 6, stale: 1 },
  { interval_ms: 30 * SECOND_MS, jitter_ms: 29_000, lost: 20, stale: 3 },
  { interval_ms: 7 * SECOND_MS + 1, lost: 2 },
  { interval_ms: 60 * SECOND_MS, jitter_ms: 3, stale: 2 },
  { interval_ms: 4 * 60 * SECOND_MS, jitter_ms: 90_000 },
]

/** The seed of a series: another one for each. */
let seeds = 0

/** A series in a rhythm of its own; `point` by its seed and the number of its scrape. */
function wild(
  labels: Labels,
  point: (seed: number, i: number) => number | NativePoint,
  rhythm = RHYTHMS[seeds % RHYTHMS.length]!,
): WildSeries {
  const seed = seeds++ * 10
  const { interval_ms, jitter_ms = 0, lost = 0, stale = 0 } = rhythm
  const samples: Sample[] = []
  let away = 0
  for (let i = 0; i * interval_ms < WILD_MS; i++) {
    const time_ms = i * interval_ms + Math.floor(noise(seed, i) * jitter_ms)
    const here = point(seed, i)
    const chance = noise(seed + 1, i) * 100
    if (away-- > 0 || chance < lost) continue
    if (chance > 100 - stale) {
      away = AWAY
      samples.push({ time_ms, point: typeof here === 'object' ? 'stale histogram' : 'stale' })
    } else samples.push({ time_ms, point: here })
  }
  return { labels, samples }
}

/** A counter that begins anew now and then; whole numbers or not. */
function counting(whole: boolean): (seed: number, i: number) => number {
  let sum = 0
  return (seed, i) => {
    const by = noise(seed + 2, i) * 20
    sum = noise(seed + 3, i) > 0.985 ? 0 : sum + (by < 3 ? 0 : by)
    return whole ? Math.floor(sum) : sum
  }
}

function swinging(seed: number, i: number): number {
  return 10 * Math.sin(i / 9 + seed) + 3 * noise(seed + 2, i)
}

/** A few whole numbers: they meet others and themselves. */
function few(seed: number, i: number): number {
  return Math.floor(noise(seed + 2, i) * 7) - 2
}

const ODD = [Number.NaN, Infinity, -Infinity, 0, 1e300, -1e300, 1e-300, 2 ** 53, 0.1]

function odd(seed: number, i: number): number {
  return noise(seed + 2, i) < 0.4 ? ODD[Math.floor(noise(seed + 3, i) * ODD.length)]! : few(seed, i)
}

/** Counts that grow bucket by bucket, and begin anew now and then; where `shapes` lists several, one follows the other. */
function histograms(shapes: readonly Pick<NativePoint, 'schema' | 'first' | 'threshold'>[], negative: boolean) {
  // None is empty, or it would matter to a quantile whether its bucket is written.
  let counts = new Float64Array(9).fill(1)
  let sum = 0
  return (seed: number, i: number): NativePoint => {
    if (noise(seed + 2, i) > 0.985) {
      counts = new Float64Array(9).fill(1)
      sum = 0
    }
    for (let b = 0; b < counts.length; b++) counts[b]! += Math.floor(Math.max(0, noise(seed + 3, i * 9 + b) * 8 - 4))
    sum += noise(seed + 4, i) * 11 - (negative ? 5 : 0)
    const shape = shapes[Math.floor(i / 30) % shapes.length]!
    return {
      ...shape,
      zero: counts[0]!,
      positive: [...counts.subarray(1, 6)],
      negative: negative ? [...counts.subarray(6)] : [],
      sum,
    }
  }
}

/** A histogram, and a float now and then. */
function mixing(): (seed: number, i: number) => number | NativePoint {
  const native = histograms([{ schema: 1, first: 0 }], false)
  const float = counting(true)
  return (seed, i) => {
    const [a, b] = [native(seed, i), float(seed, i)]
    return Math.floor(i / 5 + noise(seed + 5, Math.floor(i / 5))) % 3 === 0 ? b : a
  }
}

function places(): Labels[] {
  return ['a', 'b'].flatMap((job) => ['0', '1', '2'].map((instance) => ({ job, instance })))
}

const BOUNDS = ['0.1', '0.5', '1.0', '2.5', '+Inf']

/** A classic histogram, whose buckets are scraped together and do not always add up. */
function classic(place: Labels, rhythm: Rhythm): WildSeries[] {
  const seed = seeds
  const count = (b: number) => {
    const one = counting(true)
    return (_: number, i: number): number => one(seed, i) * (b + 1) + (noise(seed + b, i) > 0.97 ? 2 : 0)
  }
  const buckets = BOUNDS.map((le, b) => wild({ __name__: 'h_bucket', ...place, le }, count(b), rhythm))
  const whole = wild({ __name__: 'h_count', ...place }, count(BOUNDS.length - 1), rhythm)
  return [...buckets, whole, wild({ __name__: 'h_sum', ...place }, counting(false), rhythm)]
}

function floats(): WildSeries[] {
  return places().flatMap((place) => [
    ...['200', '500'].map((code) => wild({ __name__: 'c_total', ...place, code }, counting(code === '200'))),
    wild({ __name__: 'g', ...place }, swinging),
    wild({ __name__: 'k', ...place }, few),
    wild({ __name__: 'odd', ...place }, odd),
    wild({ __name__: 'up', ...place }, () => 1, STEADY),
    wild({ __name__: 'метр.é', ...place, 'a.b': 'x"\\y', ключ: place['instance']! }, few),
  ])
}

function facts(): WildSeries[] {
  return places().flatMap((place) => [
    // The version changes in the middle: for some minutes both are there.
    ...['1', '2'].map((version) => {
      const whole = wild(
        { __name__: 'target_info', ...place, version, 'dc.name': `dc${place['instance']}` },
        () => 1,
        STEADY,
      )
      const middle_ms = WILD_MS / 2 + Number(place['instance']) * 60_000
      return { ...whole, samples: whole.samples.filter(({ time_ms }) => time_ms < middle_ms === (version === '1')) }
    }),
    wild(
      {
        __name__: 'limit',
        job: place['job']!,
        code: place['instance'] === '0' ? '200' : '500',
        at: place['instance']!,
      },
      few,
    ),
  ])
}

function natives(): WildSeries[] {
  const shapes = [
    [{ schema: 2, first: -1 }],
    [
      { schema: 0, first: 2 },
      { schema: 1, first: 3 },
    ],
    [
      { schema: 3, first: -4, threshold: 0.125 },
      { schema: 3, first: 0, threshold: 0.25 },
    ],
    [{ schema: -1, first: 0, threshold: 0 }],
    [
      { schema: 2, first: 0 },
      { schema: 2, first: 4 },
    ],
    [{ schema: 8, first: 100, threshold: 1e-128 }],
  ]
  return places().flatMap((place, i) => [
    wild({ __name__: 'n', ...place }, histograms(shapes[i]!, i % 2 === 0)),
    ...(i < 3 ? [wild({ __name__: 'mix', ...place }, mixing())] : []),
  ])
}

/** All series; times from 0 on. */
function all(): readonly WildSeries[] {
  seeds = 0
  return [...floats(), ...facts(), ...places().flatMap((place, i) => classic(place, RHYTHMS[i % 3]!)), ...natives()]
}

/** Floats and histograms apart: of one message Prometheus takes all floats first, and then no histogram that is older. */
function runsOf(samples: readonly Sample[]): readonly Sample[][] {
  const isFloat = ({ point }: Sample): boolean => typeof point === 'number' || point === 'stale'
  const runs: Sample[][] = []
  for (const [i, sample] of samples.entries()) {
    if (i === 0 || isFloat(sample) !== isFloat(samples[i - 1]!)) runs.push([sample])
    else runs.at(-1)!.push(sample)
  }
  return runs
}

/** Requests that follow each other; the first sample at `begin_ms`. */
export function* wildRequests(begin_ms: number): Generator<Uint8Array<ArrayBuffer>> {
  const series = all()
  for (let from_ms = 0; from_ms < WILD_MS; from_ms += REQUEST_MS) {
    const messages = series.flatMap(({ labels, samples }) => {
      const some = samples.filter(({ time_ms }) => time_ms >= from_ms && time_ms < from_ms + REQUEST_MS)
      return runsOf(some).map((run) =>
        seriesMessage(
          labels,
          run.map((one) => ({ ...one, time_ms: begin_ms + one.time_ms })),
        ),
      )
    })
    yield requestOf(messages)
  }
}
