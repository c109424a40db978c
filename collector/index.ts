export { createDecoder, type DecoderOptions } from './decoder.ts'
export { Budget } from './http/budget.ts'
export type { RemoteWriteOptions } from './remote-write/decoder.ts'
export { createMounts } from './mounts.ts'
export { TRANSLATION_STRATEGIES } from './naming/names.ts'
export * as receivers from './receivers.ts'
export type { KafkaConfig } from './kafka/settings.ts'
export {
  type Positions,
  RECEIVER_LIMITS,
  type ReceiverDeps,
  type ReceiverLimits,
  type RunningReceiver,
} from './receivers/receiver.ts'
export type { RunningScrape } from './receivers/scrape.ts'
export { inputLine, readInput } from './recording.ts'
export { samplesLine } from './recorded-samples.ts'
export { scrapeJobs } from './scrape/config/job-schema.ts'
