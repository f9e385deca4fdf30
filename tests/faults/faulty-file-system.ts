import fs from 'node:fs/promises'
import type { FaultPlan } from './fault-plan.ts'
import { faultyMethods } from './faulty-object-store.ts'

type FileSystem = typeof fs

/** What the kernel says when the disk is full. */
export const diskFull = (operation: string): Error =>
  Object.assign(new Error(`ENOSPC: no space left on device, ${operation}`), { code: 'ENOSPC', errno: -28, syscall: operation })

/**
 * `node:fs/promises` whose operations run through the plan by name, opened files included: `/^open$/`, `/^file\.write$/`,
 * `/^rename$/`. Code that imports the module meets it through `vi.mock('node:fs/promises', …)`.
 */
export function faultyFileSystem(plan: FaultPlan): FileSystem {
  const outer = faultyMethods(fs, plan)
  return new Proxy(outer, {
    get(target, property) {
      if (property !== 'open') return Reflect.get(target, property, target)
      return async (...args: Parameters<FileSystem['open']>) => faultyFile(await outer.open(...args), plan)
    },
  })
}

function faultyFile(file: fs.FileHandle, plan: FaultPlan): fs.FileHandle {
  return new Proxy(file, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function' || typeof property === 'symbol') return value
      return (...args: unknown[]) => plan.run(`file.${property}`, async () => await Reflect.apply(value, target, args))
    },
  })
}
