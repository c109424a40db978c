import { parentPort } from 'node:worker_threads'

import { messageOf } from '#core/errors.ts'

import { type FileJob, runJob } from './offline.ts'

/** One job after the other; answers '' for each, or why it failed. */
parentPort?.on('message', (job: FileJob) => {
  void runJob(job).then(
    () => parentPort?.postMessage(''),
    (error: unknown) => parentPort?.postMessage(messageOf(error)),
  )
})
