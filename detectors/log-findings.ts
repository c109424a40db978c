// THE LIST of what logs can tell: one line each.
export { errorBurst } from './logs/error-burst.ts'
export { newTemplate } from './logs/new-template.ts'
