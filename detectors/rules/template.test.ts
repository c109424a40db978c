import { expect, test } from 'vitest'

import { Labels } from '#core/series.ts'

import { Template } from './template.ts'

const facts = {
  labels: Labels.of({ service_name: 'checkout', code: '500', 'my.label': 'x' }),
  value: 0.84,
  expected: 0.21,
}
const expand = (source: string, value = facts.value): string => new Template(source).expand({ ...facts, value })

test.each([
  ['plain text', 'plain text'],
  ['{{ $labels.service_name }} at {{$value}}', 'checkout at 0.84'],
  ['{{ .Labels.code }}/{{ .Value }}', '500/0.84'],
  ['p95 {{ $value | humanizeDuration }}, expected {{ $expected | humanizeDuration }}', 'p95 840ms, expected 210ms'],
  ['{{ printf "%.2f%%" (0.5) }} {{ printf "%5.1f|%-4s|%q" $value "a" "b" }}', '0.50%   0.8|a   |"b"'],
  ['{{ $value | humanizePercentage | toUpper }}', '84%'],
  ['{{ if gt $value 0.5 }}high{{ else if gt $value 0.1 }}some{{ else }}low{{ end }}', 'high'],
  ['a {{- " b " -}} c', 'a b c'],
  ['{{ $labels.missing }}|', '|'],
  ['{{ reReplaceAll "c(.*)t" "<$1>" $labels.service_name }}', '<heckou>'],
  ['{{ if match "^ch" $labels.service_name }}yes{{ end }}', 'yes'],
  ['{{ 1.5e3 | humanize }} {{ 1048576 | humanize1024 }}', '1.5k 1Mi'],
  ['{{/* a comment */}}x', 'x'],
  ['{{ title "slow checkout" }} {{ and true "" }}|{{ or "" "b" }}', 'Slow Checkout |b'],
  ['{{ humanizeTimestamp 1700000000 }}', '2023-11-14 22:13:20 +0000 UTC'],
])('%s', (source, expected) => {
  expect(expand(source)).toBe(expected)
})

test.each([
  [0.00001, '1e-05'],
  [1e21, '1e+21'],
  [1e6, '1000000'],
  [Number.POSITIVE_INFINITY, '+Inf'],
])('%d is printed as Go prints it', (value, expected) => {
  expect(expand('{{ $value }}', value)).toBe(expected)
})

test.each([
  ['{{ $labels.x ', '"}}"'],
  ['{{ foo 1 }}', 'no function "foo"'],
  ['{{ range query "up" }}{{ end }}', 'range }} is not supported'],
  ['{{ if true }}x', 'without {{ end }}'],
  ['{{ end }}', 'without {{ if }}'],
  ['{{ $nothing.x }}', '$nothing is not known'],
  ['{{ (1 }}', 'without ")"'],
  ['{{ }}', 'something is missing'],
])('%s is refused when it is read', (source, message) => {
  expect(() => new Template(source)).toThrow(message)
})

test('what fails when it is expanded stands in the text', () => {
  expect(expand('{{ humanize "abc" }}')).toBe('<error expanding template: humanize: "abc" is no number>')
})
