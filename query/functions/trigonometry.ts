import { ofValue } from './elementwise.ts'
import type { PromqlFunction } from './function.ts'

/** Of angles in radians, and between them and degrees. */
export const trigonometry: readonly PromqlFunction[] = [
  ...(['acos', 'acosh', 'asin', 'asinh', 'atan', 'atanh', 'cos', 'cosh', 'sin', 'sinh', 'tan', 'tanh'] as const).map(
    (name) => ofValue(name, Math[name]),
  ),
  ofValue('deg', (radians) => (radians * 180) / Math.PI),
  {
    name: 'pi',
    args: [],
    returns: 'scalar',
    call: ({ grid }) => ({ kind: 'scalar', value: new Float64Array(grid.count).fill(Math.PI) }),
  },
  ofValue('rad', (degrees) => (degrees * Math.PI) / 180),
]
