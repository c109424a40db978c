// What machines do by themselves.
import { PERIODIC } from '../shapes.ts'
import { day, DAY_MS, MINUTE_MS, type Stream } from '../stream.ts'

/** A heap between two collections. */
export const sawtooth: Stream = {
  name: 'sawtooth',
  step_ms: MINUTE_MS,
  faults: ['spike', 'dip', 'level up', 'variance', 'flat', 'frequency', 'zero'],
  period_ms: 45 * MINUTE_MS,
  begin(draw) {
    const [low, high] = [draw.between(200, 400), draw.between(700, 1500)]
    const rise_ms = draw.between(20, 90) * MINUTE_MS
    let value = low
    let top = high
    return (_, dt_ms) => {
      value += ((high - low) * dt_ms * (1 + 0.3 * draw.normal())) / rise_ms
      if (value > top) {
        value = low * (1 + 0.05 * draw.normal())
        top = high * (1 + 0.05 * draw.normal())
      }
      return value
    }
  },
}

/** Fills, and is cleaned of old files in the night of some days. */
export const disk: Stream = {
  name: 'disk',
  step_ms: 5 * MINUTE_MS,
  faults: ['spike', 'dip', 'level up', 'level down', 'drift', 'zero'],
  begin(draw) {
    const daily = draw.between(0.5, 3)
    const floor = draw.between(20, 50)
    const noise = draw.between(0.005, 0.05)
    let used = floor
    return (time_ms, dt_ms) => {
      used += (daily * dt_ms * day(time_ms, 0.5) * 2 * draw.uniform()) / DAY_MS
      const night = time_ms % DAY_MS < dt_ms && draw.uniform() < 0.4
      if (night) used = floor + (used - floor) * draw.between(0.1, 0.5)
      return used + noise * draw.normal()
    }
  },
}

/** As a program exposes it: rises with the traffic, begins again when the program does. */
export const counter: Stream = {
  name: 'counter',
  step_ms: MINUTE_MS,
  faults: ['flat'],
  begin(draw) {
    const rate = draw.between(5, 200)
    const restart_ms = draw.between(2, 9) * DAY_MS
    let total = 0
    return (time_ms, dt_ms) => {
      if (draw.uniform() < dt_ms / restart_ms) total = 0
      return (total += draw.poisson((rate * day(time_ms, 0.4) * dt_ms) / 1000))
    }
  },
}

/** A job that takes twenty minutes or so, at two in the night. */
export const nightlyJob: Stream = {
  name: 'nightly job',
  step_ms: MINUTE_MS,
  faults: PERIODIC,
  period_ms: DAY_MS,
  begin(draw) {
    const idle = draw.between(5, 30)
    const busy = draw.between(60, 95)
    const long = draw.between(10, 40) * MINUTE_MS
    let start_ms = 0
    let end_ms = 0
    return (time_ms) => {
      if (time_ms > end_ms + 20 * 60 * MINUTE_MS) {
        start_ms = (Math.floor(time_ms / DAY_MS) + (end_ms === 0 ? 0 : 1)) * DAY_MS + 120 * MINUTE_MS
        start_ms += Math.abs(draw.normal()) * 2 * MINUTE_MS
        end_ms = start_ms + long * (1 + 0.15 * draw.normal())
      }
      const level = time_ms >= start_ms && time_ms < end_ms ? busy : idle
      return level * (1 + 0.06 * draw.normal())
    }
  },
}
