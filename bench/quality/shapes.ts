export const SHAPES = [
  'spike',
  'dip',
  'level up',
  'level down',
  'drift',
  'variance',
  'flat',
  'frequency',
  'missing peak',
  'zero',
] as const
export type Shape = (typeof SHAPES)[number]

const without = (...shapes: readonly Shape[]): readonly Shape[] => SHAPES.filter((shape) => !shapes.includes(shape))

/** Faults of a level with noise. */
export const STEADY = without('frequency', 'missing peak')
/** Of what comes and goes with a period. */
export const PERIODIC = without()
/** Of small whole numbers: zeros and stillness are nothing there. */
export const COUNTED = without('frequency', 'missing peak', 'zero', 'flat', 'dip', 'level down')
