import type { ScrapeJob } from '../config/job-schema.ts'
import { ADDRESS, type Discovery, groupOf, type TargetGroup } from './discovery.ts'

/** A target of the short form: an address, or a URL that says all of it. */
function labelsOf(target: string, labels: Readonly<Record<string, string>>): Map<string, string> {
  const draft = new Map(Object.entries(labels))
  if (!/^https?:\/\//.test(target)) return draft.set(ADDRESS, target)
  const url = new URL(target)
  draft.set(ADDRESS, url.host).set('__scheme__', url.protocol.slice(0, -1))
  if (url.pathname !== '/') draft.set('__metrics_path__', url.pathname)
  for (const [name, value] of url.searchParams) if (!draft.has(`__param_${name}`)) draft.set(`__param_${name}`, value)
  return draft
}

/** The targets that the configuration itself names. */
export class StaticTargets implements Discovery {
  readonly #groups: readonly TargetGroup[]

  constructor({ targets, labels, static_configs }: Pick<ScrapeJob, 'targets' | 'labels' | 'static_configs'>) {
    this.#groups = [
      { source: 'targets', targets: targets.map((target) => labelsOf(target, labels)) },
      ...static_configs.map((group, i) => groupOf(`static_configs[${i}]`, group)),
    ]
  }

  start(found: (groups: readonly TargetGroup[]) => void): void {
    found(this.#groups)
  }

  stop(): void {}
}
