export { RuleEngine } from './engine.ts'
export { loadRules, type ReadPolicy, refuseProblems } from './load.ts'
export type { RuleGroup } from './rule.ts'
export type { Outside } from './template/template.ts'
