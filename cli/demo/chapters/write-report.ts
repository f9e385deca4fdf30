import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Chapter, told } from '../chapter.ts'
import { pageStory } from '../page-story.ts'

export const writeReport: Chapter = {
  name: 'report',
  title: 'Write the report: one page with charts, readable offline',
  async tell({ client, draft }) {
    const file = told(draft.reportFile)
    const { demoReport } = await import('#reports/demo-report.ts')
    const page = demoReport(await pageStory(client, draft))
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, page)
    draft.report = file
    return `${file} (${Math.ceil(Buffer.byteLength(page) / 1024)} KiB)`
  },
}
