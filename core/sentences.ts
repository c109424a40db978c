/** Facts to sentences in the reader's language; one file a noun in `sentences/`, each with its table of both languages. */
export { findingSentence } from './sentences/finding.ts'
export { hintSentence } from './sentences/hint.ts'
export {
  causeSentence,
  evidenceSentence,
  incidentTitle,
  joinSentence,
  type Member,
  moreSentence,
  timelineSentence,
} from './sentences/incident.ts'
export { LANGUAGES, type Locale } from './sentences/language.ts'
export { MemberBook, type Members } from './sentences/member-book.ts'
