export { RemoteWriters } from './write/writers.ts'
export { createWriter } from './write/create.ts'
export { upstreamSchema, type UpstreamSettings } from './settings.ts'
