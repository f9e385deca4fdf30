/** The places that settings come from, each as a flat list of paths: the environment, quantloop.yaml, stack.json, defaults. */
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml'
import { QuantloopError } from '#contracts/errors.ts'
import { environmentNames } from './config.ts'
import { configurationFile } from './project.ts'
import { readStackFile } from './stack-file.ts'

export type SettingPath = (typeof environmentNames)[keyof typeof environmentNames]

/** A value, and where it was found: `QUANTLOOP_API_PORT`, `quantloop.yaml:12`, `stack.json` or `default`. */
export type Setting = { value: string | number | boolean; source: string }
export type Layer = Map<SettingPath, Setting>

export const settingPaths: readonly SettingPath[] = Object.values(environmentNames)
const isSettingPath = (path: string): path is SettingPath => (settingPaths as readonly string[]).includes(path)

const numeric: ReadonlySet<SettingPath> = new Set(['api.port', 'serving.port', 'serving.replicas', 'features.threads'])

/** An empty variable counts as unset: that is how compose files pass on what is not there. */
export function environmentLayer(env: NodeJS.ProcessEnv): Layer {
  const layer: Layer = new Map()
  for (const [name, path] of Object.entries(environmentNames)) {
    const text = env[name]
    if (text) layer.set(path, { value: numeric.has(path) && /^\d+$/.test(text) ? Number(text) : text, source: name })
  }
  return layer
}

/** @throws QuantloopError configuration_invalid, with the line: not YAML, or a setting that does not exist */
export function yamlLayer(project: string): Layer {
  const file = join(project, configurationFile)
  const lines = new LineCounter()
  const document = parseDocument(existsSync(file) ? readFileSync(file, 'utf8') : '', { lineCounter: lines })
  const [fault] = document.errors
  if (fault) throw new QuantloopError('configuration_invalid', `${file} is not YAML: ${fault.message}`, { file })
  const layer: Layer = new Map()
  const visit = (node: unknown, path: string[]): void => {
    if (!isMap(node)) throw refuse(file, 1, `expected settings by name, found ${JSON.stringify(node)}`)
    for (const { key, value } of node.items) {
      const line = isScalar(key) && key.range ? lines.linePos(key.range[0]).line : 1
      const here = [...path, String(isScalar(key) ? key.value : key)]
      const name = here.join('.')
      if (isSettingPath(name)) {
        const given = isScalar(value) ? value.value : value
        if (typeof given === 'string' || typeof given === 'number' || typeof given === 'boolean')
          layer.set(name, { value: given, source: `${configurationFile}:${line}` })
        else if (given !== null) throw refuse(file, line, `${name} takes one text or number`)
      } else if (settingPaths.some((known) => known.startsWith(`${name}.`))) {
        if (!(isScalar(value) && value.value === null)) visit(value, here)
      } else throw refuse(file, line, `there is no setting ${name}; there are ${settingPaths.join(', ')}`)
    }
  }
  if (document.contents !== null && !(isScalar(document.contents) && document.contents.value === null)) visit(document.contents, [])
  return layer
}

const refuse = (file: string, line: number, why: string) =>
  new QuantloopError('configuration_invalid', `${file}:${line}: ${why}`, { file, line })

/** What `quantloop up` decided on this machine. */
export function stackLayer(stateDir: string): Layer {
  const layer: Layer = new Map()
  for (const [path, value] of Object.entries(readStackFile(stateDir)?.settings ?? {}))
    if (isSettingPath(path)) layer.set(path, { value, source: 'stack.json' })
  return layer
}

/** The usual ports of each server on this machine, and no secrets. */
export function defaultLayer(stateDir: string): Layer {
  const defaults: Partial<Record<SettingPath, string | number>> = {
    stateDir,
    'database.url': 'postgresql://quantloop@127.0.0.1:5432/quantloop',
    'database.trainerUrl': 'postgresql://quantloop_trainer@127.0.0.1:5432/quantloop',
    'objectStore.endpoint': 'http://127.0.0.1:8333',
    'objectStore.bucket': 'quantloop',
    'objectStore.region': 'us-east-1',
    'objectStore.accessKey': '',
    'objectStore.secretKey': '',
    'temporal.address': '127.0.0.1:7233',
    'temporal.namespace': 'quantloop',
    'api.host': '127.0.0.1',
    'api.port': 8800,
    'serving.host': '127.0.0.1',
    'serving.port': 8801,
    'serving.replicas': 2,
    'features.threads': Math.min(availableParallelism(), 64),
    'trainer.python': join(stateDir, 'python/bin/python'),
    'log.level': 'info',
  }
  return new Map(Object.entries(defaults).map(([path, value]) => [path as SettingPath, { value, source: 'default' }]))
}
