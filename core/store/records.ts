// THE LIST of what a journal holds: a kind of entry is one file.
export { answers } from './records/answers.ts'
export { change } from './records/change.ts'
export { command } from './records/command.ts'
export { feedback } from './records/feedback.ts'
export { history } from './records/history.ts'
export { signals } from './records/signals.ts'
export { tick } from './records/tick.ts'
