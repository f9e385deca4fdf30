#!/usr/bin/env node
// Set-up: brings a fresh clone to life, and costs nothing when nothing changed. Node's built-ins only, for it runs before
// node_modules exists.
//
//   node setup.mjs            Node packages, the Python environment with the servers, the workflow bundle
//   node setup.mjs --dev      and what tests and checks need
//   node setup.mjs --akshare  and the environment of the connector `akshare`
//   node setup.mjs --bench    and an environment of its own for each peer that benchmarks compare with
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = dirname(fileURLToPath(import.meta.url))
const state = join(root, '.quantloop')
const neededNode = [20, 19]
const neededPython = [3, 11]

const option = { type: 'boolean', default: false }
const { values: asked } = parseArgs({ options: { dev: option, akshare: option, bench: option } })

class SetupError extends Error {}

const say = (text) => process.stderr.write(`setup: ${text}\n`)
const sha256 = (...contents) => contents.reduce((hash, content) => hash.update(content), createHash('sha256')).digest('hex')
const olderThan = (version, needed) => version[0] < needed[0] || (version[0] === needed[0] && version[1] < needed[1])
const readJson = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined)

// What is there already

/** Whether node_modules holds what the lock names, by npm's own record of what it installed, written when it was done. */
function nodePackagesAreCurrent() {
  const wanted = readJson(join(root, 'package-lock.json')).packages
  const installed = readJson(join(root, 'node_modules/.package-lock.json'))?.packages
  if (!installed) return false
  return Object.entries(wanted).every(([path, { version, integrity, optional, devOptional }]) => {
    if (path === '') return true
    const found = installed[path]
    return found ? found.version === version && found.integrity === integrity : optional === true || devOptional === true
  })
}

/** An environment remembers the hash of each lock that is installed in it. */
const recordOf = (environment) => join(environment, 'installed.json')
const hashOf = (lock) => sha256(readFileSync(join(root, lock)))

function environmentIsCurrent({ path, locks, program = 'bin/python' }) {
  const installed = existsSync(join(path, program)) ? (readJson(recordOf(path)) ?? {}) : {}
  return locks.every((lock) => installed[lock] === hashOf(lock))
}

/** The rooms that the workflow bundle is made of. */
const bundleRecord = join(state, 'cache/workflow-bundle.sha256')

function bundleSources() {
  const files = ['workflows', 'contracts', 'domain', 'workers'].flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  )
  return sha256(...[join(root, 'package-lock.json'), ...files.toSorted()].map((file) => readFileSync(file)))
}

const bundleIsCurrent = () => existsSync(bundleRecord) && readFileSync(bundleRecord, 'utf8') === bundleSources()

// What is to be there

const installer = { name: 'the installer', path: join(state, 'uv'), program: 'bin/uv', locks: ['stack/installer.lock'] }

function environments() {
  const locks = ['trainer/requirements.lock', 'stack/requirements.lock', ...(asked.dev ? ['tests/requirements.lock'] : [])]
  const own = { name: 'Python packages', path: join(state, 'python'), locks }
  const peersFolder = join(root, 'bench/peers')
  const peers = (asked.bench && existsSync(peersFolder) ? readdirSync(peersFolder) : [])
    .filter((peer) => existsSync(join(peersFolder, peer, 'requirements.lock')))
    .map((peer) => ({ name: `benchmark peer ${peer}`, path: join(state, 'peers', peer), locks: [`bench/peers/${peer}/requirements.lock`] }))
  const akshare = { name: 'AKShare', path: join(state, 'akshare'), locks: ['trainer/akshare/requirements.lock'] }
  return [own, ...(asked.akshare || asked.dev ? [akshare] : []), ...peers]
}

const isCurrent = () => nodePackagesAreCurrent() && environments().every(environmentIsCurrent) && bundleIsCurrent()

// Doing it

/** Runs a program quietly. What it said is shown when it fails. */
function run(file, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output = (output + text).slice(-8_000)))
    child.once('error', (error) => reject(new SetupError(`cannot run ${file}: ${error.message}`)))
    child.once('close', (code, signal) =>
      code === 0
        ? resolve(output)
        : reject(new SetupError(`${[file, ...args].join(' ')} ended with ${signal ?? code}:\n${output.trimEnd()}`)),
    )
  })
}

async function step(name, work) {
  const started = performance.now()
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`
  say(`${name} …`)
  const reminder = setInterval(() => say(`${name} … ${seconds()}`), 15_000)
  try {
    await work()
    say(`${name}: done in ${seconds()}`)
  } finally {
    clearInterval(reminder)
  }
}

/** onnxruntime-node would fetch CUDA libraries; npm 11 leaves its script out by allowScripts, npm 10 by this variable. */
async function installNodePackages() {
  if (nodePackagesAreCurrent()) return
  await step('Node packages', () =>
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { ONNXRUNTIME_NODE_INSTALL: 'skip', NODE_ENV: '' }),
  )
}

async function buildBundle() {
  if (bundleIsCurrent()) return
  const build = "import('./workers/workflow-bundle.ts').then(({ workflowBundle }) => workflowBundle('.quantloop/cache'))"
  await step('workflow bundle', () => run(process.execPath, ['--import', 'tsx', '--eval', build]))
  mkdirSync(dirname(bundleRecord), { recursive: true })
  writeFileSync(bundleRecord, bundleSources())
}

async function installEnvironments() {
  const missing = environments().filter((environment) => !environmentIsCurrent(environment))
  if (missing.length === 0) return
  const python = findPython()
  if (!environmentIsCurrent(installer)) await step(installer.name, () => makeInstaller(python))
  const settings = packageSources(python)
  // one after the other: side by side they would only share the same line and disk
  for (const environment of missing) await step(environment.name, () => synchronise(environment, python, settings))
}

/** Into a folder by the Python that is there: `python -m venv` takes longer, and Debian ships it apart. */
async function makeInstaller(python) {
  const [lock] = installer.locks
  rmSync(installer.path, { recursive: true, force: true })
  const options = ['--quiet', '--target', installer.path, '--require-hashes', '--only-binary', ':all:', '-r', lock]
  await run(python, ['-m', 'pip', 'install', ...options]).catch((error) => {
    throw new SetupError(`${error.message}\npip is needed once, to fetch the installer; on Debian and Ubuntu: apt install python3-pip`)
  })
  record(installer.path, installer.locks)
}

/** Makes the environment hold exactly what the locks say: those asked for now, and those asked for earlier. */
async function synchronise({ path, locks }, python, settings) {
  const uv = join(installer.path, 'bin/uv')
  const interpreter = join(path, 'bin/python')
  const earlier = Object.keys(readJson(recordOf(path)) ?? {}).filter((lock) => existsSync(join(root, lock)))
  const all = [...new Set([...locks, ...earlier])]
  rmSync(recordOf(path), { force: true })
  const works = existsSync(interpreter) && spawnSync(interpreter, ['--version']).status === 0
  if (!works) await run(uv, ['venv', '--quiet', '--clear', '--no-python-downloads', '--python', python, path], settings)
  await run(uv, ['pip', 'sync', '--quiet', '--require-hashes', '--python', interpreter, ...all], settings)
  record(path, all)
}

const record = (environment, locks) =>
  writeFileSync(recordOf(environment), JSON.stringify(Object.fromEntries(locks.map((lock) => [lock, hashOf(lock)])), null, 2))

function findPython() {
  const seen = []
  for (const name of ['python3', 'python3.13', 'python3.12', 'python3.11', 'python']) {
    const { status, stdout } = spawnSync(name, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2]); print(sys.executable)'], {
      encoding: 'utf8',
    })
    if (status !== 0) continue
    const [version, executable] = stdout.trim().split('\n')
    if (!olderThan(version.split('.').map(Number), neededPython)) return executable
    seen.push(`${name} is ${version}`)
  }
  throw new SetupError(
    `Python ${neededPython.join('.')} or newer is needed (${seen.join(', ') || 'none was found'}): install it, and put it on the PATH as python3`,
  )
}

/** The installer does not read pip's configuration, where a company names its own index and certificates. */
function packageSources(python) {
  const names = { 'index-url': 'UV_DEFAULT_INDEX', 'extra-index-url': 'UV_INDEX', 'find-links': 'UV_FIND_LINKS', cert: 'SSL_CERT_FILE' }
  const { stdout } = spawnSync(python, ['-m', 'pip', 'config', 'list'], { encoding: 'utf8' })
  const settings = {}
  for (const [, option, value] of (stdout ?? '').matchAll(/^(?:global|install|site|user|:env:)\.([\w-]+)='(.*)'$/gm)) {
    const variable = names[option]
    if (variable && !process.env[variable]) settings[variable] = value
  }
  return settings
}

// One at a time

/**
 * Holds a socket that ends with this process, however it ends. A second set-up connects to it and waits for that.
 * Linux has sockets without a file; elsewhere the file of a killed set-up is found dead and removed.
 */
async function alone(work) {
  const name = `quantloop-setup-${sha256(root).slice(0, 16)}`
  const file = process.platform === 'linux' ? undefined : join(tmpdir(), `${name}.sock`)
  const address = file ?? `\0${name}`
  const waiting = new Set()
  const server = createServer((socket) => {
    waiting.add(socket.on('error', () => {}))
  })
  const listens = () =>
    new Promise((resolve, reject) => {
      server.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)))
      server.listen(address, () => resolve(true))
    })
  while (!(await listens())) {
    const holder = await new Promise((resolve) => {
      const socket = connect(address, () => say('another set-up is at work here: waiting for it'))
      socket.once('error', () => resolve('dead'))
      socket.once('close', () => resolve('done'))
      socket.resume()
    })
    if (holder === 'dead' && file) rmSync(file, { force: true })
  }
  try {
    await work()
  } finally {
    for (const socket of waiting) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
}

async function main() {
  const node = process.versions.node.split('.').map(Number)
  if (olderThan(node, neededNode))
    throw new SetupError(`Node ${neededNode.join('.')} or newer is needed, and this is ${process.versions.node}`)
  if (process.platform === 'win32') throw new SetupError('Windows is supported through WSL: run this in a Linux shell')
  if (isCurrent()) return
  await alone(async () => {
    await Promise.all([installNodePackages().then(buildBundle), installEnvironments()])
  })
}

main().catch((error) => {
  say(error instanceof SetupError ? error.message : error.stack)
  process.exit(1)
})
