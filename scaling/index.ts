export { type Policy, policySchema } from './policy.ts'
export { Scaler } from './scaler.ts'
