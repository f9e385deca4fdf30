import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { tryLock } from 'fs-native-extensions'

const folderName = /^replica-[0-9a-f-]{36}$/
const lockName = 'lock'

/** A folder that this process alone may write, until it releases it or dies. Its name is the replica's id. */
export type ReplicaFolder = { replicaId: string; path: string; release(): Promise<void>; remove(): Promise<void> }

/** Takes a folder that nobody holds, so that ids and logs live on, or makes a new one. */
export async function claimReplicaFolder(root: string): Promise<ReplicaFolder> {
  await mkdir(root, { recursive: true })
  for (const name of await replicaFolders(root)) {
    const folder = await holdReplicaFolder(root, name)
    if (folder) return folder
  }
  for (;;) {
    const name = `replica-${randomUUID()}`
    await mkdir(join(root, name), { mode: 0o700 })
    // nothing, when a starting process was quicker to hold what we made
    const folder = await holdReplicaFolder(root, name)
    if (folder) return folder
  }
}

/** The folders of all replicas, held or not. */
export async function replicaFolders(root: string): Promise<string[]> {
  return (await readdir(root)).filter((name) => folderName.test(name)).sort()
}

/** Nothing when another process holds the folder, or has just removed it. */
export async function holdReplicaFolder(root: string, name: string): Promise<ReplicaFolder | undefined> {
  const path = join(root, name)
  const lockPath = join(path, lockName)
  const lock = await open(lockPath, 'a', 0o600).catch(absent)
  if (lock === undefined) return undefined
  // a folder that was removed after we opened its lock leaves us with the lock of a file without a name
  const held = tryLock(lock.fd) && (await stat(lockPath).catch(absent))?.ino === (await lock.stat()).ino
  if (!held) {
    await lock.close()
    return undefined
  }
  return {
    replicaId: name,
    path,
    release: () => lock.close(),
    remove: async () => {
      await rm(path, { recursive: true })
      await lock.close()
    },
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
