import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import type { ConnectorConfig } from '#contracts/datasets.ts'
import type { UploadRef } from '#contracts/references.ts'
import { fileBytes, type LocalBytes } from './local-bytes.ts'
import { folderBytes } from './pack-folder.ts'

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

export type Upload = (local: LocalBytes) => Promise<UploadRef>

/** Uploads what an import needs, a folder as a tar, and says it as a connector. No path of this machine goes along. */
export async function uploadSource(
  { path, format, through, calendar, actions, universes }: ImportSource,
  upload: Upload,
): Promise<ConnectorConfig> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
  const local = isFolder ? await folderBytes(resolve(path)) : await fileBytes(path)
  const sent = { upload: await upload(local), filename: isFolder ? `${basename(resolve(path))}.tar` : basename(path) }
  if (format === 'qlib') return { kind: format, ...sent }
  return {
    kind: format,
    ...sent,
    ...(isFolder ? { packed: 'tar' as const } : {}),
    ...(through === undefined ? {} : { through }),
    ...(calendar === undefined ? {} : { calendar }),
    ...(actions === undefined ? {} : { actions: await upload(await fileBytes(actions)) }),
    ...(universes === undefined ? {} : { universes: await upload(await fileBytes(universes)) }),
  }
}
