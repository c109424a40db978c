import { z } from '@hono/zod-openapi'

import { FEEDBACK, type Finding, FINDING_KINDS } from '#core/finding.ts'
import { findingSentence } from '#core/sentences/finding.ts'
import type { Locale } from '#core/sentences/language.ts'

import { labels, number, text, time, timeOf, timeText } from './present.ts'

export const FindingForm = z
  .object({
    id: z.string(),
    rule: z.string(),
    metric: z.string().optional(),
    unit: z.string().optional(),
    labels,
    service: z.string().optional(),
    severity: z.string(),
    kind: z.enum(FINDING_KINDS),
    direction: z.enum(['up', 'down']),
    since: time,
    last: time,
    until: time.optional(),
    peak_score: z.number().optional(),
    value: z.number().optional(),
    expected: z.number().optional(),
    lower: z.number().optional(),
    upper: z.number().optional(),
    experts: z.array(z.string()),
    evidence: z.boolean(),
    detail: z.string().optional(),
    lasted_seconds: z.number().openapi({ description: 'from the first to the last anomalous sample' }),
    similar: time.optional().openapi({ description: 'when the one before of this kind began in this series' }),
    restores: time
      .optional()
      .openapi({ description: 'it is the way back from a level that was adopted, which began then' }),
    adopted: z.boolean().optional().openapi({ description: 'it closed because its level is the new normal' }),
    learning: z
      .boolean()
      .optional()
      .openapi({ description: 'little was known of its series: the band is of the little that was seen' }),
    withdrawn: z.boolean().optional().openapi({ description: 'it closed because its rule is gone' }),
    feedback: z.enum(FEEDBACK).optional().openapi({ description: 'what somebody said that it was' }),
    flapping: z
      .object({ returns: z.number(), since: time })
      .optional()
      .openapi({ description: 'how often it came back after less than an hour of calm, since the first time' }),
    annotations: z.record(z.string(), z.string()),
    sentence: z.string(),
    state: z.enum(['open', 'closed']),
  })
  .openapi('Finding')

/** What is sent to say what a finding was. */
export const feedbackBody = {
  required: true,
  content: {
    'application/json': {
      schema: z
        .strictObject({
          feedback: z.enum(FEEDBACK),
          by: z.string().max(200).default(''),
        })
        .openapi({
          description:
            'real: trouble; expected: meant to be, as of a sale; noise: nothing at all; the last word counts; by: who says it',
        }),
    },
  },
}

export function findingForm(finding: Finding, locale: Locale): z.input<typeof FindingForm> {
  return {
    id: finding.id,
    rule: finding.rule,
    metric: text(finding.metric),
    unit: text(finding.unit),
    labels: finding.labels.toJSON(),
    service: text(finding.service),
    severity: finding.severity,
    kind: finding.kind,
    direction: finding.direction,
    since: timeOf(finding.since_ms),
    last: timeOf(finding.last_ms),
    until: timeText(finding.until_ms),
    peak_score: number(finding.peak_score),
    value: number(finding.value),
    expected: number(finding.expected),
    lower: number(finding.lower),
    upper: number(finding.upper),
    experts: [...finding.experts],
    evidence: finding.evidence,
    detail: text(finding.detail),
    lasted_seconds: (finding.last_ms - finding.since_ms) / 1000,
    similar: timeText(finding.similar_ms),
    restores: timeText(finding.restores_ms),
    adopted: finding.adopted,
    learning: finding.learning,
    withdrawn: finding.withdrawn,
    feedback: finding.feedback,
    flapping:
      finding.flapping === undefined
        ? undefined
        : { returns: finding.flapping.returns, since: timeOf(finding.flapping.since_ms) },
    annotations: { ...finding.annotations },
    sentence: findingSentence(finding, locale),
    state: finding.state,
  }
}
