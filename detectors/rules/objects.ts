/** What of a document is in the form of a rule file. */
export interface Part {
  /** Undefined for an object that has no rules. */
  readonly raw: unknown
  readonly path: readonly PropertyKey[]
  /** Of the object: groups of two objects may have the same name. '' for a plain file; the kind where it has no rules. */
  readonly name: string
  readonly isObject: boolean
}

type Raw = Readonly<Record<string, unknown>>

const isMap = (raw: unknown): raw is Raw => typeof raw === 'object' && raw !== null && !Array.isArray(raw)
const textOf = (raw: unknown): string => (typeof raw === 'string' ? raw : '')

/** A plain rule file as it is; of Kubernetes' objects (`PrometheusRule`, or a list) the specifications. */
export function partsOf(raw: unknown, path: readonly PropertyKey[] = []): Part[] {
  const isObject = isMap(raw) && 'apiVersion' in raw && 'kind' in raw
  if (!isObject) return [{ raw, path, name: '', isObject: false }]
  if (Array.isArray(raw['items'])) {
    return (raw['items'] as unknown[]).flatMap((item, i) => partsOf(item, [...path, 'items', i]))
  }
  if (raw['kind'] !== 'PrometheusRule') {
    return [{ raw: undefined, path: [...path, 'kind'], name: textOf(raw['kind']), isObject }]
  }
  const metadata = isMap(raw['metadata']) ? raw['metadata'] : {}
  const name = [textOf(metadata['namespace']), textOf(metadata['name'])].filter((part) => part !== '').join('/')
  return [{ raw: raw['spec'] ?? {}, path: [...path, 'spec'], name, isObject }]
}

/** A group of an object without what only Thanos reads. */
export function plainGroup(raw: unknown): unknown {
  if (!isMap(raw) || !('partial_response_strategy' in raw)) return raw
  return Object.fromEntries(Object.entries(raw).filter(([key]) => key !== 'partial_response_strategy'))
}
