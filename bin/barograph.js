#!/usr/bin/env node
// Plain JavaScript on purpose: an old Node.js must be able to read this far, and hand over to a newer one or say what is wrong.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import module from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'

import { inLargePages } from './large-pages.js'

const NEEDED = [24, 12]

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])
}

/** The binary of the pinned `node` package, wherever npm put it; null when it is not installed, or too old itself. */
function pinnedNode() {
  try {
    const manifest = module.createRequire(import.meta.url).resolve('node/package.json')
    if (!isNewEnough(JSON.parse(readFileSync(manifest, 'utf8')).version)) return null
    const candidates = ['node', 'node.exe'].map((name) => join(dirname(manifest), 'bin', name))
    return candidates.find((path) => existsSync(path)) ?? null
  } catch {
    return null
  }
}

function giveUp(reason) {
  process.stderr.write(`barograph needs Node.js ${NEEDED.join('.')} or newer; ${reason}\n`)
  process.exitCode = 1
}

/** Runs this very command line on the other Node.js, and ends as it ends. */
function handOver(node) {
  const child = spawn(node, [...process.execArgv, ...process.argv.slice(1)], { stdio: 'inherit' })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    process.on(signal, () => {
      // Ctrl-C in a terminal reaches the child by itself: passing it on would make it two.
      if (signal === 'SIGINT' && process.stdin.isTTY) return
      child.kill(signal)
    })
  }
  child.on('error', (error) => giveUp(`${node} does not start: ${error.message}`))
  child.on('exit', (code, signal) => {
    if (signal === null) return process.exit(code)
    process.removeAllListeners(signal)
    return process.kill(process.pid, signal)
  })
}

/** Whether this command line stays to serve: without a command it does. */
function serves(first = 'serve') {
  return first === 'serve' || first === 'demo' || first.startsWith('-')
}

/** This very process starts again, where its environment has something to say to what is loaded with it. */
function startIn(environment) {
  // Who talks to us as to a child would be left without an answer.
  if (environment === process.env || process.send !== undefined) return
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], environment)
}

/** npm's shell ends on SIGTERM and does not pass it on: without this `kill` of an `npm start` would leave us behind, with the ports. */
function endWithShell() {
  if (process.env.npm_lifecycle_event === undefined) return
  const shell = process.ppid
  const looking = setInterval(() => {
    if (process.ppid === shell) return
    clearInterval(looking)
    process.kill(process.pid, 'SIGTERM')
  }, 500)
  looking.unref()
}

if (isNewEnough(process.versions.node)) {
  if (serves(process.argv[2])) startIn(inLargePages(process.env, process.platform))
  endWithShell()
  module.enableCompileCache()
  await import('../app/main.ts').catch((error) => {
    // Of a checkout without its packages, or with those of an older one.
    const [missing] = /^Cannot find package '[^']+'/.exec(error.message) ?? []
    if (missing === undefined) throw error
    process.stderr.write(`barograph: ${missing}; npm ci installs what is needed\n`)
    process.exitCode = 1
  })
} else {
  endWithShell()
  const node = pinnedNode()
  if (node === null) giveUp(`this is ${process.version}, and the pinned one is not installed (npm ci installs it)`)
  else handOver(node)
}
