// THE LIST of commands: one line each.
export { check } from './commands/check.ts'
export { config } from './commands/config.ts'
export { demo } from './commands/demo.ts'
export { detect } from './commands/detect.ts'
export { forecast } from './commands/forecast.ts'
export { replay } from './commands/replay.ts'
export { serve } from './commands/serve.ts'
export { test } from './commands/test.ts'
