import { readdirSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'

/** Something that answers the Prometheus API, with its process. */
export interface Peer {
  readonly pid: number
  readonly port: number
  /** Where it takes OTLP over HTTP; undefined where nobody asks for it. */
  readonly otlp?: number
  stop(): Promise<void>
}

/** CPU time of all living threads of a process, ns. */
export function cpu_ns(pid: number): number {
  let sum = 0
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    sum += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0])
  }
  return sum
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 })

export interface Answer {
  readonly status: number
  readonly body: Buffer
  readonly wall_ms: number
  readonly cpu_ms: number
}

/** Asks and reads the whole answer; what it cost the server is all that its process did meanwhile. */
export async function ask({ pid, port }: Pick<Peer, 'pid' | 'port'>, path: string): Promise<Answer> {
  const before = cpu_ns(pid)
  const started = performance.now()
  const { status, body } = await new Promise<{ status: number; body: Buffer }>((resolve, reject) => {
    const asked = request({ agent, port, path }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        resolve({ status: answer.statusCode!, body: Buffer.concat(chunks) })
      })
    })
    asked.on('error', reject)
    asked.end()
  })
  return { status, body, wall_ms: performance.now() - started, cpu_ms: (cpu_ns(pid) - before) / 1e6 }
}
