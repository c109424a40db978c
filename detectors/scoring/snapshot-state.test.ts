import { expect, test } from 'vitest'

import { Labels } from '#core/series.ts'

import { decodeState, encodeState, type ScoringState } from './snapshot-state.ts'

test('a label and an annotation may have the name of any field', () => {
  const names = ['labels', 'value', 'expected', 'lower', 'upper']
  const texts = Object.fromEntries(names.map((name) => [name, 'a']))
  const finding = { id: 'f_1', labels: Labels.of(texts), annotations: texts, value: NaN, upper: 3 }
  const state = { version: 5, findings: [finding] } as unknown as ScoringState
  const again = decodeState(encodeState(state)) as ScoringState
  expect(again.findings).toEqual([finding])
  expect(again.findings[0]?.labels.toJSON()).toEqual(texts)
})
