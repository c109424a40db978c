// THE LIST of detector kinds: a kind is a file of its own and a line here.
export { absence } from './kinds/absence.ts'
export { auto } from './kinds/auto.ts'
export { band } from './kinds/band.ts'
export { flat } from './kinds/flat.ts'
export { rolling } from './kinds/rolling.ts'
export { seasonal } from './kinds/seasonal.ts'
export { shift } from './kinds/shift.ts'
