import type { ObjectStore } from '#storage/object-store.ts'
import type { FaultPlan } from './fault-plan.ts'

/** An object store whose operations run through the plan by their method's name: `/^put$/`. */
export const faultyObjectStore = (store: ObjectStore, plan: FaultPlan): ObjectStore => faultyMethods(store, plan)

/** Any object of asynchronous methods: the object store, `node:fs/promises`. */
export function faultyMethods<T extends object>(methods: T, plan: FaultPlan): T {
  return new Proxy(methods, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function' || typeof property === 'symbol') return value
      return (...args: unknown[]) => plan.run(property, async () => await Reflect.apply(value, target, args))
    },
  })
}
