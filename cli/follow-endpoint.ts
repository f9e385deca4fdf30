import type { ApiClient } from './client.ts'
import type { CliContext } from './context.ts'
import { eventLine } from './supervision.ts'

/** Prints what happens on an endpoint, a line each, until it is interrupted. With `--json`, one JSON object a line. */
export async function followEndpoint(context: CliContext, client: ApiClient, name: string, after = 0): Promise<void> {
  for await (const event of client.endpoints.events(name, after))
    if (context.json) process.stdout.write(`${JSON.stringify(event)}\n`)
    else context.out(eventLine(event))
}
