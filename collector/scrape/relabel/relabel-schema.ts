import { z } from 'zod'

import { ServiceError } from '#core/errors.ts'
import { compileRegex } from '#core/matching.ts'

import { ACTIONS, type RelabelRule } from './relabel.ts'

/** The actions that change or compare a label, which must be named. */
const TARGETED: ReadonlySet<RelabelRule['action']> = new Set([
  'replace',
  'hashmod',
  'lowercase',
  'uppercase',
  'keepequal',
  'dropequal',
])

function compiled(regex: string, context: z.RefinementCtx): RelabelRule['regex'] {
  try {
    return compileRegex(regex)
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    context.addIssue({ code: 'custom', path: ['regex'], message: `not a regular expression (RE2): ${error.message}` })
    return z.NEVER
  }
}

/** One entry of `relabel_configs`, with Prometheus' defaults. */
export const relabelRule = z
  .strictObject({
    source_labels: z.array(z.string()).default([]),
    separator: z.string().default(';'),
    target_label: z.string().default(''),
    regex: z.string().default('(.*)'),
    modulus: z.int().min(0).default(0),
    replacement: z.string().default('$1'),
    action: z.preprocess(
      (action) => (typeof action === 'string' ? action.toLowerCase() : action),
      z.enum(ACTIONS).default('replace'),
    ),
  })
  .transform((rule, context): RelabelRule => {
    if (TARGETED.has(rule.action) && rule.target_label === '') {
      context.addIssue({ code: 'custom', path: ['target_label'], message: `action ${rule.action} needs it` })
    }
    if (rule.action === 'hashmod' && rule.modulus === 0) {
      context.addIssue({ code: 'custom', path: ['modulus'], message: 'action hashmod needs it, above 0' })
    }
    return { ...rule, regex: compiled(rule.regex, context) }
  })
