// What people do to a system: by day, by week, in counts.
import { COUNTED, PERIODIC, SHAPES } from '../shapes.ts'
import { day, DAY_MS, HOUR_MS, MINUTE_MS, type Stream, weekend } from '../stream.ts'

export const dayAndWeek: Stream = {
  name: 'day and week',
  step_ms: 5 * MINUTE_MS,
  faults: PERIODIC,
  period_ms: DAY_MS,
  begin(draw) {
    const level = draw.between(50, 5000)
    const depth = draw.between(0.3, 0.6)
    const free = draw.between(0.5, 0.9)
    const noise = draw.between(0.02, 0.08)
    const wander = draw.wander(2 * HOUR_MS)
    return (time_ms, dt_ms) => {
      const base = level * day(time_ms, depth) * (weekend(time_ms) ? free : 1)
      return base * (1 + noise * (draw.normal() + 0.7 * wander(dt_ms)))
    }
  },
}

export const lowCounts: Stream = {
  name: 'low counts',
  step_ms: MINUTE_MS,
  faults: COUNTED,
  begin(draw) {
    const mean = draw.between(0.2, 3)
    const depth = draw.between(0.2, 0.7)
    return (time_ms) => draw.poisson(mean * day(time_ms, depth))
  },
}

export const highCounts: Stream = {
  name: 'high counts',
  step_ms: MINUTE_MS,
  faults: PERIODIC,
  period_ms: DAY_MS,
  begin(draw) {
    const mean = draw.between(200, 5000)
    const depth = draw.between(0.2, 0.5)
    const wander = draw.wander(30 * MINUTE_MS)
    return (time_ms, dt_ms) => draw.poisson(mean * day(time_ms, depth) * Math.max(0.1, 1 + 0.03 * wander(dt_ms)))
  },
}

/** Errors / requests, of few requests by night; 0 where there were none. */
export const errorRatio: Stream = {
  name: 'error ratio',
  step_ms: MINUTE_MS,
  faults: COUNTED,
  begin(draw) {
    const requests = draw.between(30, 400)
    const ratio = draw.between(0.002, 0.03)
    const wander = draw.wander(HOUR_MS)
    return (time_ms, dt_ms) => {
      const count = draw.poisson(requests * day(time_ms, 0.6))
      const errors = draw.poisson(count * ratio * Math.exp(0.2 * wander(dt_ms)))
      return count === 0 ? 0 : Math.min(1, errors / count)
    }
  },
}

/** What an autoscaler makes of the day: up at once, down after a while. */
export const replicas: Stream = {
  name: 'replica count',
  step_ms: MINUTE_MS,
  faults: ['level up', 'zero', 'missing peak'],
  period_ms: DAY_MS,
  begin(draw) {
    const mean = draw.between(3, 12)
    const depth = draw.between(0.4, 0.6)
    const wander = draw.wander(HOUR_MS)
    let held = Math.round(mean)
    let lower_ms = 0
    return (time_ms, dt_ms) => {
      const wanted = Math.max(2, Math.ceil(mean * day(time_ms, depth) * (1 + 0.06 * wander(dt_ms))))
      lower_ms = wanted < held ? lower_ms + dt_ms : 0
      if (wanted > held || lower_ms >= 10 * MINUTE_MS) {
        held = wanted
        lower_ms = 0
      }
      return held
    }
  },
}

/** 28 and 29 March 2026: clocks in Berlin go from UTC+1 to UTC+2. */
const SUMMER_MS = Date.UTC(2026, 2, 29, 1)

export const clockChange: Stream = {
  name: 'clock change',
  step_ms: 5 * MINUTE_MS,
  faults: PERIODIC,
  period_ms: DAY_MS,
  begin(draw) {
    const level = draw.between(50, 5000)
    const depth = draw.between(0.4, 0.6)
    const noise = draw.between(0.02, 0.05)
    return (time_ms) => {
      const civil_ms = time_ms + (time_ms < SUMMER_MS ? HOUR_MS : 2 * HOUR_MS)
      return level * day(civil_ms, depth) * (1 + noise * draw.normal())
    }
  },
}

/** A product that takes off: some percent a day. */
export const growth: Stream = {
  name: 'growth',
  step_ms: 5 * MINUTE_MS,
  faults: SHAPES,
  period_ms: DAY_MS,
  begin(draw) {
    const noise = draw.between(0.02, 0.06)
    const depth = draw.between(0.2, 0.5)
    const daily = draw.between(0.01, 0.03)
    let level = draw.between(50, 500)
    return (time_ms, dt_ms) => {
      level *= Math.exp((daily * dt_ms) / DAY_MS)
      return level * day(time_ms, depth) * (1 + noise * draw.normal())
    }
  },
}
