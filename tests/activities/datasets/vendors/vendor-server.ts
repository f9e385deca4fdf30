import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Asked = { url: URL; headers: IncomingHttpHeaders }

/** What goes wrong with one answer. */
export type Fault =
  | { kind: 'status'; status: number; headers?: Record<string, string>; body?: string }
  /** the connection ends within the body */
  | { kind: 'cut' }
  /** a whole answer by its length, of which half is missing */
  | { kind: 'half' }
  /** a length that the body does not have */
  | { kind: 'long' | 'short' }

/** An HTTP server on loopback that answers as a vendor documents it, and spoils the answers that a test names. */
export class VendorServer {
  readonly asked: Asked[] = []
  /** of the next answers, one each; undefined for none */
  faults: (Fault | undefined)[] = []
  /** of every answer that `match` says */
  standing: ((asked: Asked) => Fault | undefined) | undefined
  private readonly server
  private readonly answer: (asked: Asked) => { status: number; body: unknown }

  private constructor(answer: (asked: Asked) => { status: number; body: unknown }) {
    this.answer = answer
    this.server = createServer((request, response) => {
      const asked = { url: new URL(request.url!, 'http://vendor'), headers: request.headers }
      this.asked.push(asked)
      const { status, body } = this.answer(asked)
      spoil(response, status, Buffer.from(JSON.stringify(body)), this.faults.shift() ?? this.standing?.(asked))
    })
  }

  static async start(answer: (asked: Asked) => { status: number; body: unknown }): Promise<VendorServer> {
    const vendor = new VendorServer(answer)
    await new Promise<void>((resolve) => vendor.server.listen(0, '127.0.0.1', resolve))
    return vendor
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }
}

function spoil(response: ServerResponse, status: number, body: Buffer, fault: Fault | undefined): void {
  const json = { 'content-type': 'application/json' }
  switch (fault?.kind) {
    case undefined:
      response.writeHead(status, { ...json, 'content-length': body.length }).end(body)
      return
    case 'status':
      response.writeHead(fault.status, fault.headers).end(fault.body ?? 'out of order')
      return
    case 'cut':
      response.writeHead(200, json)
      response.write(body.subarray(0, body.length / 2), () => response.destroy())
      return
    case 'half':
      response.writeHead(200, { ...json, 'content-length': Math.floor(body.length / 2) }).end(body.subarray(0, body.length / 2))
      return
    case 'long':
      response.writeHead(200, { ...json, 'content-length': body.length + 100 })
      response.write(body, () => response.destroy())
      return
    case 'short':
      // more bytes than were announced: Node's own check would refuse to send them
      response.strictContentLength = false
      response.writeHead(200, { ...json, 'content-length': body.length - 50 }).end(body)
      return
    default:
      fault satisfies never
  }
}
