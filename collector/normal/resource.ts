import { Labels } from '#core/series.ts'

import { type Naming, NAMINGS, USUAL } from '../naming/names.ts'
import { objectOf, textOf } from '../wire/json-fields.ts'
import type { JsonObject } from '../wire/to-json.ts'
import { labelsOf, labelValue, type Pairs } from './labels.ts'
import { attributesOf } from './values.ts'

/**
 * Resource attributes that every series carries; versions and ids would make new series at each deploy. What one receiver tells
 * of many (workloads of a cluster, nodes of a database) is here too: their series have no `instance` to be told apart by.
 */
const PROMOTED = [
  'service.name',
  'service.namespace',
  'deployment.environment.name',
  'k8s.cluster.name',
  'k8s.namespace.name',
  'k8s.node.name',
  'k8s.pod.name',
  'k8s.container.name',
  'k8s.deployment.name',
  'k8s.statefulset.name',
  'k8s.daemonset.name',
  'k8s.job.name',
  'k8s.hpa.name',
  'host.name',
  'elasticsearch.cluster.name',
  'elasticsearch.node.name',
] as const

/** They are in `job` and `instance`, so `target_info` need not say them again. */
const IDENTIFYING: ReadonlySet<string> = new Set(['service.name', 'service.namespace', 'service.instance.id'])

/** What is sent along with everything of one resource. */
export interface ResourceLabels {
  /** `service_name` and the others of `PROMOTED` that are there. */
  readonly promoted: Labels
  /** `job` and `instance`, as far as they are known. */
  readonly target: Pairs
  /** Of its `target_info`; undefined where it has nothing to say. */
  readonly info: Labels | undefined
  readonly service: string
  /** What a scope of it adds; '' takes a label away. Empty where scopes are no labels. */
  readonly scope: Pairs
}

/** `otel_scope_name` and the others, of a scope and its schema in the form of OTLP/JSON; none of a scope without a name. Source: as below. */
export function scopeLabels(inScope: unknown, naming: Naming): Pairs {
  const { scope, schemaUrl } = (inScope ?? {}) as JsonObject
  const object = objectOf(scope, 'scope') ?? {}
  const name = textOf(object['name'], 'name')
  if (name === '') return []
  const attributes = attributesOf(object['attributes']).map(([key, value]) => [`otel_scope_${key}`, value] as const)
  return [
    ...(labelsOf(attributes, naming) ?? []),
    ['otel_scope_name', labelValue(name)],
    ['otel_scope_version', labelValue(textOf(object['version'], 'version'))],
    ['otel_scope_schema_url', labelValue(textOf(schemaUrl, 'schemaUrl'))],
  ]
}

function infoOf(attributes: Pairs, target: Pairs, naming: Naming): Labels | undefined {
  const described = attributes.filter(([key]) => !IDENTIFYING.has(key) && naming.label(key) !== '')
  if (described.length === 0 || target.length === 0) return undefined
  return Labels.of([...(labelsOf(described, naming) ?? []), ...target, ['__name__', 'target_info']])
}

/** Why these labels are not taken; undefined where they are. */
export function tooLong(labels: Labels, value_length: number): string | undefined {
  for (const [name, value] of labels) {
    if (value.length > value_length) {
      return `label ${name} has ${value.length} characters: limits.label_value_length is ${value_length}`
    }
  }
  return undefined
}

/** Labels of a resource in the form of OTLP/JSON. Source: prometheusremotewrite of Prometheus. Throws `ServiceError('bad_data')`. */
export function resourceLabels(resource: unknown, naming: Naming = NAMINGS[USUAL]): ResourceLabels {
  const attributes = attributesOf(objectOf(resource, 'resource')?.['attributes'])
  const values = new Map(attributes)
  const value = (key: string): string => labelValue(values.get(key) ?? '')
  const promoted = new Map(PROMOTED.map((key) => [naming.label(key), value(key)]))
  // The name it had until semantic conventions 1.27.
  if (value('deployment.environment.name') === '') {
    promoted.set(naming.label('deployment.environment.name'), value('deployment.environment'))
  }
  const service = value('service.name')
  const namespace = value('service.namespace')
  const target: (readonly [string, string])[] = []
  if (service !== '') target.push(['job', namespace === '' ? service : `${namespace}/${service}`])
  if (value('service.instance.id') !== '') target.push(['instance', value('service.instance.id')])
  return { promoted: Labels.of(promoted), target, info: infoOf(attributes, target, naming), service, scope: [] }
}
