import type pg from 'pg'
import type { FaultPlan } from './fault-plan.ts'

type Query = (...args: unknown[]) => Promise<unknown>

/** The SQLSTATE of a connection that broke: the caller cannot know whether the statement took effect. */
export const connectionLost = (statement: string): Error =>
  Object.assign(new Error(`injected fault: connection lost at ${statement}`), { code: '08006' })

/**
 * A pool whose statements, its clients' included, run through the plan by their text: `/^insert into "audit"/`,
 * `/^commit/`. A client on which a fault fired is thrown away when it is released, as after a broken connection.
 */
export function faultyPool(pool: pg.Pool, plan: FaultPlan): pg.Pool {
  return new Proxy(pool, {
    get(target, property) {
      if (property === 'query') return faultyQuery(target.query.bind(target), plan)
      if (property === 'connect') return async () => faultyClient(await target.connect(), plan)
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function faultyClient(client: pg.PoolClient, plan: FaultPlan): pg.PoolClient {
  let broken = false
  return new Proxy(client, {
    get(target, property) {
      if (property === 'query') return faultyQuery(target.query.bind(target), plan, () => void (broken = true))
      if (property === 'release') return (error?: Error | boolean) => target.release(error ?? broken)
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

const faultyQuery =
  (query: Query, plan: FaultPlan, onFault = () => {}): Query =>
  async (...args) => {
    const before = plan.fired
    try {
      return await plan.run(textOf(args[0]), () => query(...args))
    } finally {
      if (plan.fired > before) onFault()
    }
  }

const textOf = (query: unknown): string => (typeof query === 'string' ? query : (query as { text: string }).text)
