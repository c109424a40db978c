import { RE2JS } from 're2js'

import { messageOf, ServiceError } from './errors.ts'
import type { Matcher } from './ports/series-reader.ts'
import type { Labels } from './series.ts'
import { Matching } from './store/matching.ts'

const REGEX_LENGTH_MAX = 4096

/** RE2 as Prometheus uses it: linear time, `.` matches a newline. Throws `ServiceError('bad_data')`. */
export function compileRegex(pattern: string): RE2JS {
  if (pattern.length > REGEX_LENGTH_MAX) {
    throw new ServiceError(
      'bad_data',
      `regular expression of ${pattern.length} characters; at most ${REGEX_LENGTH_MAX}`,
    )
  }
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL)
  } catch (error) {
    throw new ServiceError('bad_data', messageOf(error), { cause: error })
  }
}

/** A test of label sets: all matchers hold, an absent label being ''. Throws `ServiceError('bad_data')` for a bad regex. */
export function compileMatchers(matchers: readonly Matcher[]): (labels: Pick<Labels, 'get'>) => boolean {
  const matching = new Matching()
  const tests = matchers.map((matcher) => matching.test(matcher))
  return (labels) => tests.every((test) => test.matches(labels.get(test.name)))
}
