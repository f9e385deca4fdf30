import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import type { ConnectorConfig } from '#contracts/datasets.ts'
import type { UploadUri } from '#contracts/references.ts'
import { packFolder } from './pack-folder.ts'

export type ImportFormat = 'csv' | 'parquet' | 'qlib'

export type ImportSource = {
  path: string
  format: ImportFormat
  through?: string | undefined
  calendar?: Extract<ConnectorConfig, { kind: 'csv' }>['calendar']
  /** files of actions and of universes beside the bars */
  actions?: string | undefined
  universes?: string | undefined
}

export type Upload = (path: string) => Promise<UploadUri>

/** Uploads what an import needs, a folder as a tar, and says it as a connector. No path of this machine goes along. */
export async function uploadSource(
  { path, format, through, calendar, actions, universes }: ImportSource,
  upload: Upload,
): Promise<ConnectorConfig> {
  if (format === 'qlib') return await uploadQlib(path, upload)
  return {
    kind: format,
    upload: await upload(path),
    filename: basename(path),
    ...(through === undefined ? {} : { through }),
    ...(calendar === undefined ? {} : { calendar }),
    ...(actions === undefined ? {} : { actions: await upload(actions) }),
    ...(universes === undefined ? {} : { universes: await upload(universes) }),
  }
}

async function uploadQlib(path: string, upload: Upload): Promise<ConnectorConfig> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (!isFolder) return { kind: 'qlib', upload: await upload(path), filename: basename(path) }
  const scratch = await mkdtemp(join(tmpdir(), 'quantloop-pack-'))
  try {
    const tar = join(scratch, 'folder.tar')
    await packFolder(resolve(path), tar)
    return { kind: 'qlib', upload: await upload(tar), filename: `${basename(resolve(path))}.tar` }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
