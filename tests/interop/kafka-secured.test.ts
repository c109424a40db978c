// A broker that wants TLS and a password. It is one of our own: see process/broker.ts.
import { execFileSync, spawnSync } from 'node:child_process'
import { pbkdf2Sync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { alterUserScramCredentialsV0, Connection, ScramMechanisms } from '@platformatic/kafka'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { Secret } from '#core/config/secret.ts'

import type { KafkaConfig } from '../../collector/index.ts'
import { Broker, freePort, NO_BROKER } from './process/broker.ts'
import { clientOf, createTopic, type Taken, taking, writerTo } from './process/kafka-records.ts'

const NO_OPENSSL = spawnSync('openssl', ['version']).error === undefined ? '' : 'needs openssl'
const PASSWORD = 'correct horse'
const open: Taken[] = []

/** A key and a certificate for 127.0.0.1, signed by itself. */
function certificate(folder: string): { key: string; cert: string } {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const made = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=broker']
  execFileSync('openssl', ['req', '-x509', ...made, '-addext', 'subjectAltName=IP:127.0.0.1'], { stdio: 'ignore' })
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
}

async function addScramUser(port: number, name: string): Promise<void> {
  const connection = new Connection('test')
  await connection.connect('127.0.0.1', port)
  const salt = Buffer.from('0123456789abcdef')
  const users = [
    { mechanism: ScramMechanisms.SCRAM_SHA_256, digest: 'sha256', length: 32 },
    { mechanism: ScramMechanisms.SCRAM_SHA_512, digest: 'sha512', length: 64 },
  ].map(({ mechanism, digest, length }) => {
    const saltedPassword = pbkdf2Sync(PASSWORD, salt, 4096, length, digest)
    return { name, mechanism, iterations: 4096, salt, saltedPassword }
  })
  for (const user of users) await alterUserScramCredentialsV0.api.async(connection, [], [user])
  await connection.close()
}

describe.skipIf(NO_BROKER + NO_OPENSSL !== '')(`a broker with TLS and passwords ${NO_BROKER} ${NO_OPENSSL}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-tls-'))
  let broker: Broker
  let secured = ''
  let ca = ''
  const topic = 'secured'

  beforeAll(async () => {
    const { key, cert } = certificate(folder)
    ca = cert
    writeFileSync(join(folder, 'broker.pem'), `${key}${cert}`)
    const tls = await freePort()
    secured = `127.0.0.1:${tls}`
    broker = await Broker.start((port) => [
      `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${port + 10_000},SASL_SSL://${secured}`,
      `advertised.listeners=PLAINTEXT://127.0.0.1:${port},SASL_SSL://${secured}`,
      'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL',
      'ssl.keystore.type=PEM',
      `ssl.keystore.location=${join(folder, 'broker.pem')}`,
      'sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      `listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_anna="${PASSWORD}";`,
      ...[256, 512].map((bits) => {
        return `listener.name.sasl_ssl.scram-sha-${bits}.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;`
      }),
    ])
    await addScramUser(Number(broker.address.split(':')[1]), 'anna')
    const kafka = clientOf(broker.address)
    await createTopic(kafka, topic, 1)
    const writer = await writerTo(kafka, topic, 1)
    const writing = writer.write(100)
    await writing.stop()
    await writer.close()
  })

  afterEach(async () => {
    await Promise.all(open.splice(0).map(({ receiver }) => receiver.stop()))
  })

  afterAll(async () => {
    await broker.end()
    rmSync(folder, { recursive: true })
  })

  function reading(
    mechanism: NonNullable<KafkaConfig['sasl']>['mechanism'],
    password: string,
    ssl: KafkaConfig['ssl'],
  ) {
    const sasl = { mechanism, username: 'anna', password: new Secret(password) }
    const taken = taking({
      brokers: [secured],
      group: `g${Math.trunc(performance.now())}`,
      topics: { metrics: topic },
      sasl,
      ssl,
    })
    open.push(taken)
    return taken
  }

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)('%s', async (mechanism) => {
    const { receiver, numbers } = reading(mechanism, PASSWORD, { ca: new Secret(ca) })
    await receiver.start()
    await expect.poll(() => numbers.get(0)).toEqual([0])
  })

  test('a broker that nobody vouches for is refused, unless that is wanted', async () => {
    const refused = reading('plain', PASSWORD, true)
    await refused.receiver.start()
    expect(refused.told.join()).toContain('self-signed certificate')
    const trusting = reading('plain', PASSWORD, { insecure_skip_verify: true })
    await trusting.receiver.start()
    await expect.poll(() => trusting.numbers.get(0)).toEqual([0])
  })

  test('a wrong password is told, and is not in what is told', async () => {
    const { receiver, told } = reading('scram-sha-512', 'battery staple', { ca: new Secret(ca) })
    await receiver.start()
    expect(told.join()).toContain('see kafka.brokers, kafka.sasl and kafka.ssl')
    expect(told.join()).toContain('SASL SCRAM SHA512 authentication failed')
    expect(told.join()).not.toContain('battery')
  })
})
