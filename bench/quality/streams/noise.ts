// Levels with noise of one kind or another, and no time of day.
import { COUNTED, STEADY } from '../shapes.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, type Stream } from '../stream.ts'

export const gaussian: Stream = {
  name: 'gaussian',
  step_ms: MINUTE_MS,
  faults: STEADY,
  begin(draw) {
    const level = draw.between(20, 500)
    const noise = level * draw.between(0.02, 0.1)
    return () => level + noise * draw.normal()
  },
}

export const autoregressive: Stream = {
  name: 'autoregressive',
  step_ms: MINUTE_MS,
  faults: STEADY,
  begin(draw) {
    const wander = draw.wander(draw.between(5, 60) * MINUTE_MS)
    const level = draw.between(20, 500)
    const noise = level * draw.between(0.03, 0.1)
    return (_, dt_ms) => level + noise * (wander(dt_ms) + 0.3 * draw.normal())
  },
}

/** A percentile of latency: lognormal, and somewhat worse for minutes at a time. */
export const lognormalLatency: Stream = {
  name: 'lognormal latency',
  step_ms: MINUTE_MS,
  faults: STEADY,
  begin(draw) {
    const wander = draw.wander(20 * MINUTE_MS)
    const median = draw.between(30, 300)
    const noise = draw.between(0.15, 0.4)
    return (_, dt_ms) => median * Math.exp(0.15 * wander(dt_ms) + noise * draw.normal())
  },
}

export const paretoLatency: Stream = {
  name: 'Pareto latency',
  step_ms: MINUTE_MS,
  faults: STEADY,
  begin(draw) {
    const floor = draw.between(10, 100)
    const shape = draw.between(2.2, 3.5)
    return () => floor * (1 + draw.pareto(shape)) + 0.02 * floor * draw.normal()
  },
}

/** A thermometer that shows halves. */
export const quantised: Stream = {
  name: 'quantised',
  step_ms: MINUTE_MS,
  faults: STEADY,
  begin(draw) {
    const wander = draw.wander(3 * HOUR_MS)
    const level = draw.between(18, 60)
    const step = draw.between(0, 1) < 0.5 ? 0.5 : 1
    return (_, dt_ms) => step * Math.round((level + 1.5 * step * wander(dt_ms) + 0.3 * step * draw.normal()) / step)
  },
}

/** Queue depth, a price: where it stands says nothing of where it belongs. */
export const randomWalk: Stream = {
  name: 'random walk',
  step_ms: MINUTE_MS,
  faults: COUNTED.concat('dip', 'flat'),
  begin(draw) {
    let value = draw.between(5000, 20_000)
    const noise = draw.between(1, 10)
    return (_, dt_ms) => (value += noise * Math.sqrt(dt_ms / MINUTE_MS) * draw.normal())
  },
}

/** Samples when it pleases the sender, none for a while after midnight. */
export const irregular: Stream = {
  name: 'irregular',
  step_ms: MINUTE_MS,
  faults: STEADY,
  begin(draw) {
    const wander = draw.wander(15 * MINUTE_MS)
    const level = draw.between(20, 500)
    const noise = level * draw.between(0.02, 0.08)
    return (_, dt_ms) => level + noise * (wander(dt_ms) + draw.normal())
  },
  pause(draw, step_ms, time_ms) {
    const next_ms = Math.max(1000, Math.round(step_ms * (0.3 + 0.7 * draw.exponential())))
    const days = Math.floor((time_ms + next_ms) / DAY_MS)
    return days > Math.floor(time_ms / DAY_MS) ? next_ms + 12 * MINUTE_MS : next_ms
  },
}
