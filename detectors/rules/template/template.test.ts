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
  ['{{ with $labels.code }}<{{ . }}>{{ end }}{{ with $labels.none }}x{{ else }}none{{ end }}', '<500>none'],
  ['{{ range $k, $v := $labels }}{{ $k }}={{ $v }};{{ end }}', 'code=500;my.label=x;service_name=checkout;'],
  ['{{ range $i, $_ := (slice "abc" 0 2 | len | printf "%d" | len) }}{{ $i }}{{ end }}', '0'],
  ['{{ range query "up" }}{{ .Labels.job }}{{ else }}nothing{{ end }}', 'nothing'],
  ['{{ define "t" }}[{{ .arg0 }}{{ .arg9 }}]{{ end }}{{ template "t" args "x" }}', '[x<no value>]'],
  ['{{ $x := 1 }}{{ range 3 }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ $x = . }}{{ end }}{{ $x }}', '2'],
  ['{{ index $labels "my.label" }} {{ len $labels }} {{ slice "checkout" 0 5 }}', 'x 3 check'],
  ['{{ $externalLabels.cluster }}{{ externalURL }}|{{ pathPrefix }}', '|'],
  ['{{ (1.5e9 | toTime).Format "2006-01-02 15:04" }} {{ 90.5 | toDuration }}', '2017-07-14 02:40 1m30.5s'],
  [
    '{{ "web.shop:8080" | stripDomain }} {{ "[::1]:80" | stripPort }} {{ "10.0.0.1:9" | stripDomain }}',
    'web:8080 ::1 10.0.0.1:9',
  ],
  ['{{ graphLink "up == 0" }}', '/graph?g0.expr=up+%3D%3D+0&g0.tab=0'],
  ['{{ reReplaceAll "(?P<a>.)(.)" "${2}$a-$$" "ab" }}', 'ba-$'],
  ['{{ and (gt $value 0.5) (eq $labels.code "500" "404") }} {{ or "" "b" }}', 'true b'],
  ['{{ printf "%d|%s|%v|%.2f|%x" $value 1 "a" }}', '%!d(float64=0.84)|%!s(int=1)|a|%!f(MISSING)|%!x(MISSING)'],
  ['{{ printf "%.0f %.1f %6.2f|%-6s|%+d %q %t" 2.5 0.25 1.005 "a" 3 "x" true }}', '2 0.2   1.00|a     |+3 "x" true'],
  [
    '{{ if eq $value 1 }}{{ end }}',
    '<error expanding template: error calling eq: incompatible types for comparison: float64 and int (write 1.0 to compare with a value)>',
  ],
  [
    '{{ $value | toUpper }}',
    '<error expanding template: error calling toUpper: wrong type for toUpper: expected string; got float64>',
  ],
  [
    '{{ query "up" | first | value }}',
    '<error expanding template: error calling first: first() called on vector with no elements>',
  ],
  [
    '{{ .Nothing }}',
    "<error expanding template: can't evaluate field Nothing in type struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }>",
  ],
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
  ['{{ range query "up" }}', 'without {{ end }}'],
  ['{{ define "x" }}{{ $labels.a }}{{ end }}', '$labels is not known'],
  ['{{ break }}', 'outside of {{ range }}'],
  ['{{ if true }}{{ $x := 1 }}{{ end }}{{ $x }}', '$x is not known'],
  ['{{ $labels.a-b }}', 'cannot read "-b"'],
  ['{{ 1 | "a" }}', 'is no function'],
  ['{{ if true }}x', 'without {{ end }}'],
  ['{{ end }}', 'without {{ if }}'],
  ['{{ $nothing.x }}', '$nothing is not known'],
  ['{{ (1 }}', 'without ")"'],
  ['{{ }}', 'something is missing'],
])('%s is refused when it is read', (source, message) => {
  expect(() => new Template(source)).toThrow(message)
})

test('what fails when it is expanded stands in the text', () => {
  expect(expand('{{ humanize "abc" }}')).toBe('<error expanding template: error calling humanize: "abc" is no number>')
})
