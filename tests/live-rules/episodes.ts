// What Alertmanager was told by both: from when to when each alert lasted, and what stood on it.
import type { AlertForm } from '../interop/process/forms.ts'
import type { Heard, Side } from './sides.ts'

/** Beginnings nearer than this are those of one episode. */
const NEAR_MS = 2500

interface Episode {
  readonly starts_ms: number
  readonly annotations: string
  ends_ms: number | undefined
}

type Told = Readonly<Pick<AlertForm, 'labels'>>

const keyOf = ({ labels }: Told): string =>
  JSON.stringify(
    Object.entries(labels)
      .filter(([name]) => name !== 'sender')
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
const sideOf = ({ labels }: Told): Side => (labels['sender'] === 'prometheus' ? 'prometheus' : 'barograph')
const textOf = (annotations: Readonly<Record<string, string>>): string =>
  JSON.stringify(Object.entries(annotations).toSorted(([a], [b]) => (a < b ? -1 : 1)))

/** By labels, then by side, in order of time. */
function episodesOf(heard: readonly Heard[], from_ms: number): Map<string, Record<Side, Episode[]>> {
  const all = new Map<string, Record<Side, Episode[]>>()
  for (const alert of heard) {
    const starts_ms = Date.parse(alert.startsAt)
    if (starts_ms < from_ms) continue
    const sides = all.get(keyOf(alert)) ?? { barograph: [], prometheus: [] }
    all.set(keyOf(alert), sides)
    const episodes = sides[sideOf(alert)]
    let episode = episodes.find((one) => one.starts_ms === starts_ms)
    if (episode === undefined) {
      episode = { starts_ms, annotations: textOf(alert.annotations), ends_ms: undefined }
      episodes.push(episode)
    }
    if (alert.status === 'resolved') episode.ends_ms = Date.parse(alert.endsAt)
  }
  return all
}

export interface EpisodeDifferences {
  /** Told by both. */
  episodes: number
  /** Of these, over at both. */
  resolved: number
  /** How far `startsAt` and `endsAt` lie apart at most. */
  starts_ms: number
  ends_ms: number
  readonly onlyBy: Record<Side, string[]>
  /** Ends more than `NEAR_MS` apart, or of one only. */
  readonly ends: string[]
  readonly annotations: string[]
}

const alertOf = (key: string): string =>
  (JSON.parse(key) as [string, string][]).map(([name, value]) => `${name}=${value}`).join(' ')

export function episodeDifferences(heard: readonly Heard[], from_ms: number): EpisodeDifferences {
  const found: EpisodeDifferences = {
    episodes: 0,
    resolved: 0,
    starts_ms: 0,
    ends_ms: 0,
    onlyBy: { barograph: [], prometheus: [] },
    ends: [],
    annotations: [],
  }
  for (const [key, sides] of episodesOf(heard, from_ms)) {
    const name = alertOf(key)
    const rest = new Set(sides.prometheus)
    for (const ours of sides.barograph) {
      const theirs = [...rest].find(({ starts_ms }) => Math.abs(starts_ms - ours.starts_ms) < NEAR_MS)
      if (theirs === undefined) found.onlyBy.barograph.push(`${name}: ${spanOf(ours)}`)
      else {
        rest.delete(theirs)
        compare(found, name, ours, theirs)
      }
    }
    for (const theirs of rest) found.onlyBy.prometheus.push(`${name}: ${spanOf(theirs)}`)
  }
  return found
}

function compare(found: EpisodeDifferences, name: string, ours: Episode, theirs: Episode): void {
  found.episodes++
  found.starts_ms = Math.max(found.starts_ms, Math.abs(ours.starts_ms - theirs.starts_ms))
  if (ours.annotations !== theirs.annotations)
    found.annotations.push(`${name}: ${ours.annotations}, ${theirs.annotations}`)
  if (ours.ends_ms === undefined && theirs.ends_ms === undefined) return
  const apart_ms = Math.abs((ours.ends_ms ?? Infinity) - (theirs.ends_ms ?? Infinity))
  if (apart_ms >= NEAR_MS) found.ends.push(`${name}: ${spanOf(ours)}, ${spanOf(theirs)}`)
  else {
    found.resolved++
    found.ends_ms = Math.max(found.ends_ms, apart_ms)
  }
}

function spanOf({ starts_ms, ends_ms }: Episode): string {
  return `${new Date(starts_ms).toISOString()} to ${ends_ms === undefined ? '…' : new Date(ends_ms).toISOString()}`
}

/** Alerts that Alertmanager holds to be active, looked at each second. */
export class Watch {
  seconds = 0
  /** Alerts of every look, added up. */
  alerts = 0
  /** Those of them that only one of the two had told, by name and side. */
  readonly alone: Record<string, number> = {}

  look(alerts: readonly AlertForm[]): void {
    this.seconds++
    const byKey = Map.groupBy(alerts, keyOf)
    this.alerts += byKey.size
    for (const same of byKey.values()) {
      const sides = new Set(same.map(sideOf))
      if (sides.size === 2) continue
      const name = `${same[0]!.labels['alertname']} ${[...sides].join()}`
      this.alone[name] = (this.alone[name] ?? 0) + 1
    }
  }
}
