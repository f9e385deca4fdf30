import type { ConnectorConfig } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { compareText } from '#domain/market/actions.ts'
import { factsOfFile } from './beside-file.ts'
import type { Connector, ConnectorWorld, SourceRow } from './connector.ts'
import { spoolUpload } from './spooled-upload.ts'
import { indexTar, type TarIndex } from './tar-index.ts'

type PackedConfig = Extract<ConnectorConfig, { kind: 'csv' | 'parquet' }>

type Reading = {
  /** how the names of its files end */
  extension: string
  /** the rows of one file, whose lines are those of the file */
  rowsOf: (tar: TarIndex, name: string) => AsyncIterable<Iterable<SourceRow>>
}

/**
 * A folder of files of bars, as a tar that a client uploaded: read one after the other in the order of their names, as if
 * they were one. Rows are numbered through all of them; messages and quarantined rows name the file and its own line.
 */
export function packedConnector(config: PackedConfig, world: ConnectorWorld, { extension, rowsOf }: Reading): Connector {
  const places = new LinePlaces()
  return {
    file: config.filename,
    knownAtBasis: 'assumed',
    facts: () => factsOfFile(config, world),
    placeOf: (line) => places.of(line),
    async *rows() {
      const spooled = await spoolUpload(world, config.upload)
      try {
        const tar = await indexTar(spooled.path, config.filename, world.cancelled)
        try {
          for (const name of filesOf(tar, extension, config.filename)) {
            const first = places.begin(name)
            for await (const batch of rowsOf(tar, name)) yield places.numbered(batch, first)
          }
        } finally {
          await tar.close()
        }
      } finally {
        await spooled.remove()
      }
    },
  }
}

/** @throws QuantloopError source_malformed for a file that would be left out without a word */
function filesOf(tar: TarIndex, extension: string, file: string): string[] {
  const other = tar.paths.find((path) => !path.toLowerCase().endsWith(extension))
  if (other !== undefined)
    throw new QuantloopError('source_malformed', `${file} holds ${other}, which is no ${extension} file: leave it out`, { file })
  return [...tar.paths].sort(compareText)
}

/** Which line of which file a line of the whole is. */
class LinePlaces {
  private readonly files: { name: string; before: number }[] = []
  private lines = 0

  /** How many lines come before the file. */
  begin(name: string): number {
    this.files.push({ name, before: this.lines })
    return this.lines
  }

  *numbered(rows: Iterable<SourceRow>, before: number): Generator<SourceRow> {
    for (const row of rows) {
      this.lines = before + row.line
      yield new NumberedRow(row, this.lines)
    }
  }

  of(line: number): { file: string; line: number } {
    const { name, before } = this.files.findLast((file) => file.before < line)!
    return { file: name, line: line - before }
  }
}

/** Its text is still made only when somebody asks for it. */
class NumberedRow implements SourceRow {
  readonly line: number
  private readonly own: SourceRow

  constructor(own: SourceRow, line: number) {
    this.own = own
    this.line = line
  }

  get raw(): string {
    return this.own.raw
  }

  get row(): SourceRow['row'] {
    return this.own.row
  }
}
