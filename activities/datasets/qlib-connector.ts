import type { ConnectorConfig } from '#contracts/datasets.ts'
import type { Connector, ConnectorWorld, SourceRow } from './connector.ts'
import { openQlibFolder, type QlibFolder } from './qlib/folder.ts'
import { keepAsFound } from './qlib/keep-as-found.ts'
import { rowsOf } from './qlib/rows.ts'
import { indexTar } from './tar-index.ts'
import { spoolUpload } from './spooled-upload.ts'

type QlibConfig = Extract<ConnectorConfig, { kind: 'qlib' }>

/**
 * A folder of Qlib's binary files, as a tar that a client uploaded, taken as found: its calendar, its gaps, its late
 * listings, and prices and volumes as it adjusted them. A row's line counts the bars of the folder.
 */
export function qlibConnector(config: QlibConfig, world: ConnectorWorld): Connector {
  const { filename: file } = config
  return {
    file,
    knownAtBasis: 'assumed',
    adjusted: true,
    async facts() {
      const { folder, close } = await opened(config, world)
      try {
        const asFound = await keepAsFound(world.objects, folder, world.cancelled)
        return { calendar: { kind: 'own', sessions: folder.calendar }, universes: folder.universes, asFound }
      } finally {
        await close()
      }
    },
    async *rows() {
      const { folder, close } = await opened(config, world)
      try {
        let line = 0
        for (const instrument of folder.instruments)
          yield (await rowsOf(folder, instrument)).map((row): SourceRow => ({ line: ++line, ...row }))
      } finally {
        await close()
      }
    },
  }
}

async function opened(
  { upload, filename }: QlibConfig,
  world: ConnectorWorld,
): Promise<{ folder: QlibFolder; close: () => Promise<void> }> {
  const spooled = await spoolUpload(world, upload)
  try {
    const tar = await indexTar(spooled.path, filename, world.cancelled)
    const close = async () => {
      await tar.close()
      await spooled.remove()
    }
    try {
      return { folder: await openQlibFolder(tar, filename), close }
    } catch (error) {
      await tar.close()
      throw error
    }
  } catch (error) {
    await spooled.remove()
    throw error
  }
}
