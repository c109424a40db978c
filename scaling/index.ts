export { leadOf, type Policy, policySchema, quantileOf } from './policy.ts'
export { Scaler } from './scaler.ts'
