import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { environmentNames } from '#config/config.ts'
import { environmentOf } from '#config/environment.ts'
import { loadConfig, loadConfigWithSources } from '#config/load.ts'
import { maskSecrets } from '#config/mask.ts'
import { writeStackFile } from '#config/stack-file.ts'

let project: string

beforeEach(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), 'quantloop-config-')))
  writeFileSync(join(project, 'quantloop.yaml'), '# nothing yet\n')
})
afterEach(() => rmSync(project, { recursive: true }))

const yaml = (text: string) => writeFileSync(join(project, 'quantloop.yaml'), text)
const stack = (settings: Record<string, string | number>) => {
  mkdirSync(join(project, '.quantloop'), { recursive: true })
  writeStackFile(join(project, '.quantloop'), {
    version: 1,
    supervisor: null,
    failure: null,
    settings,
    ports: {},
    secrets: {},
    processes: {},
  })
}
const load = (env: NodeJS.ProcessEnv = {}) => loadConfigWithSources({ cwd: project, env })

describe('loadConfig', () => {
  it('prefers the environment to quantloop.yaml, that to stack.json, and that to the defaults', () => {
    const port = (env?: NodeJS.ProcessEnv) => [load(env).config.api.port, load(env).sources['api.port']]
    expect(port()).toEqual([8800, 'default'])
    stack({ 'api.port': 1001 })
    expect(port()).toEqual([1001, 'stack.json'])
    yaml('api:\n  port: 1002\n')
    expect(port()).toEqual([1002, 'quantloop.yaml:2'])
    expect(port({ QUANTLOOP_API_PORT: '1003' })).toEqual([1003, 'QUANTLOOP_API_PORT'])
    expect(port({ QUANTLOOP_API_PORT: '' })).toEqual([1002, 'quantloop.yaml:2'])
  })

  it('finds the project from a folder inside it, and counts paths from there', () => {
    yaml('stateDir: state\ntrainer:\n  python: env/bin/python\n')
    mkdirSync(join(project, 'a/b'), { recursive: true })
    const config = loadConfig({ cwd: join(project, 'a/b'), env: {} })
    expect(config).toMatchObject({ project, stateDir: join(project, 'state'), trainer: { python: join(project, 'env/bin/python') } })
  })

  it('says so when there is no project', () => {
    rmSync(join(project, 'quantloop.yaml'))
    expect(() => load()).toThrow(/neither .*quantloop-config.* holds a quantloop\.yaml/)
  })

  it('derives where a process is found from where it listens', () => {
    expect(load({ QUANTLOOP_SERVING_PORT: '9000' }).config.serving.url).toBe('http://127.0.0.1:9000')
    expect(load({ QUANTLOOP_API_HOST: '0.0.0.0' }).config.api.url).toBe('http://127.0.0.1:8800')
    expect(load({ QUANTLOOP_API_URL: 'https://quantloop.example' }).config.api.url).toBe('https://quantloop.example')
  })

  it('names each wrong field with its value and its place', () => {
    yaml('features:\n  threads: none\n')
    const failing = () => load({ QUANTLOOP_API_PORT: '99999', QUANTLOOP_S3_ENDPOINT: 'nowhere' })
    expect(failing).toThrow(/features\.threads is "none" in quantloop\.yaml:2: /)
    expect(failing).toThrow(/api\.port is 99999 in QUANTLOOP_API_PORT: /)
    expect(failing).toThrow(/objectStore\.endpoint is "nowhere" in QUANTLOOP_S3_ENDPOINT: /)
    expect(failing).toThrow(expect.objectContaining({ code: 'configuration_invalid' }) as Error)
  })

  it('refuses a setting that does not exist, with its line, and what is not YAML', () => {
    yaml('api:\n  host: 127.0.0.1\n  prot: 8800\n')
    expect(() => load()).toThrow(/quantloop\.yaml:3: there is no setting api\.prot; there are .*api\.port/)
    yaml('api: [1]\n')
    expect(() => load()).toThrow(/quantloop\.yaml:1: expected settings by name/)
    yaml('api: {port: 1\n')
    expect(() => load()).toThrow(/is not YAML/)
  })

  it('shows a wrong value without its secrets', () => {
    expect(() => load({ QUANTLOOP_S3_ENDPOINT: 'http://user:hunter2@:bad' })).toThrow(/^((?!hunter2).)*$/s)
  })
})

describe('secrets', () => {
  it('are masked wherever the configuration holds one', () => {
    const { config } = load({
      QUANTLOOP_DATABASE_URL: 'postgresql://me:hunter2@db:5432/quantloop',
      QUANTLOOP_TRAINER_DATABASE_URL: 'postgresql://trainer:hunter2@db:5432/quantloop',
      QUANTLOOP_S3_ACCESS_KEY: 'hunter2',
      QUANTLOOP_S3_SECRET_KEY: 'hunter2',
      QUANTLOOP_API_KEY: 'ql_hunter2',
    })
    const shown = maskSecrets(config)
    expect(JSON.stringify(shown)).not.toContain('hunter2')
    expect(shown.database.url).toBe('postgresql://me:***@db:5432/quantloop')
    expect(shown.temporal).toEqual(config.temporal)
  })

  it('lie in a file that its owner alone may read', () => {
    stack({})
    expect(statSync(join(project, '.quantloop/stack.json')).mode & 0o777).toBe(0o600)
  })
})

describe('environmentOf', () => {
  it('hands over every setting so that another process loads the same configuration', () => {
    const names = Object.keys(environmentNames) as (keyof typeof environmentNames)[]
    const { config } = load({ QUANTLOOP_API_KEY: 'ql_key', QUANTLOOP_API_PORT: '1234', QUANTLOOP_TEMPORAL_UI_URL: 'http://ui' })
    expect(loadConfig({ cwd: project, env: environmentOf(config, names) })).toEqual(config)
  })

  it('hands over nothing that was not asked for', () => {
    const { config } = load({ QUANTLOOP_API_KEY: 'ql_key' })
    expect(environmentOf(config, ['QUANTLOOP_LOG_LEVEL'])).toEqual({ QUANTLOOP_LOG_LEVEL: 'info' })
  })
})
