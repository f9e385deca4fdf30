/**
 * Requests to one vendor: as many a minute as it allows, tried again behind a growing wait or the one that it asked for,
 * and behind a circuit breaker that opens after failures in a row and lets one probe through after a while.
 */
import {
  BrokenCircuitError,
  circuitBreaker,
  type CircuitBreakerPolicy,
  ConsecutiveBreaker,
  DelegateBackoff,
  handleType,
  handleWhen,
  type IPolicy,
  retry,
  TaskCancelledError,
  wrap,
} from 'cockatiel'
import { RateLimiterMemory, RateLimiterQueue } from 'rate-limiter-flexible'
import { QuantloopError } from '#contracts/errors.ts'

export type VendorRules = {
  /** what messages call it */
  name: string
  requestsPerMinute: number
  /** tries after the first */
  retries: number
  /** of the first wait; each one after it is twice as long, up to `longestWaitMs` */
  firstWaitMs: number
  longestWaitMs: number
  /** failures in a row that open the circuit */
  failures: number
  halfOpenAfterMs: number
  silenceMs: number
  mostBytes: number
}

/** Worth another try: nothing, or not all, of an answer came. */
export class VendorFailure extends Error {
  readonly retryAfterMs: number | undefined
  /** a vendor that is merely busy does not open the circuit */
  readonly busy: boolean

  constructor(
    message: string,
    { retryAfterMs, busy = false, cause }: { retryAfterMs?: number | undefined; busy?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause })
    this.retryAfterMs = retryAfterMs
    this.busy = busy
  }
}

/** The vendor understood, and says no: asking again would not help. */
export class VendorRefusal extends Error {
  readonly status: number
  readonly body: string

  constructor(status: number, body: string) {
    super(`${status} ${body.slice(0, 200)}`)
    this.status = status
    this.body = body
  }
}

export type VendorRequest = {
  /** appears in errors and in the journal: secrets belong into headers */
  address: URL
  headers?: Record<string, string>
  /** throws for bytes that are only a part of an answer */
  check: (bytes: Uint8Array) => void
  cancelled: AbortSignal
}

export class VendorClient {
  readonly rules: VendorRules
  private readonly queue: RateLimiterQueue
  private readonly breaker: CircuitBreakerPolicy
  private readonly policy: IPolicy

  constructor(rules: VendorRules) {
    this.rules = rules
    this.queue = new RateLimiterQueue(new RateLimiterMemory({ points: rules.requestsPerMinute, duration: 60 }))
    this.breaker = circuitBreaker(
      handleWhen((error) => error instanceof VendorFailure && !error.busy),
      { halfOpenAfter: rules.halfOpenAfterMs, breaker: new ConsecutiveBreaker(rules.failures) },
    )
    this.policy = wrap(
      retry(
        handleType(VendorFailure, ({ retryAfterMs = 0 }) => retryAfterMs <= rules.longestWaitMs),
        {
          maxAttempts: rules.retries,
          backoff: new DelegateBackoff(({ attempt, result }) => this.waitBefore(attempt, 'error' in result ? result.error : undefined)),
        },
      ),
      this.breaker,
    )
  }

  /**
   * The bytes of a whole answer.
   * @throws VendorRefusal
   * @throws QuantloopError rate_limited | source_unavailable, once no further try is worth it here
   */
  async fetch({ address, headers = {}, check, cancelled }: VendorRequest): Promise<Uint8Array> {
    return await this.ask(address.href, cancelled, async (signal) => {
      const bytes = await this.receive(address, headers, signal)
      try {
        check(bytes)
      } catch (error) {
        throw new VendorFailure(`${bytes.length} bytes came, and are not a whole answer: ${(error as Error).message}`, { cause: error })
      }
      return bytes
    })
  }

  /** The same rules for what is asked in another way than by HTTP: `ask` throws VendorFailure where another try is worth it. */
  async ask(address: string, cancelled: AbortSignal, ask: (signal: AbortSignal) => Promise<Uint8Array>): Promise<Uint8Array> {
    const place = { vendor: this.rules.name, address }
    try {
      const answer = this.policy.execute(async ({ signal }) => {
        await this.queue.removeTokens(1)
        signal.throwIfAborted()
        return await ask(signal)
      }, cancelled)
      // neither a place in the queue nor a wait between tries holds a pause up
      return await unlessAborted(answer, cancelled)
    } catch (error) {
      cancelled.throwIfAborted()
      if (error instanceof BrokenCircuitError || error instanceof TaskCancelledError)
        throw new QuantloopError(
          'source_unavailable',
          `${this.rules.name} failed ${this.rules.failures} times in a row, and is left alone for ${this.rules.halfOpenAfterMs / 1_000} s before it is asked again`,
          place,
          { cause: error },
        )
      if (!(error instanceof VendorFailure)) throw error
      throw new QuantloopError(
        error.busy ? 'rate_limited' : 'source_unavailable',
        `${this.rules.name} gave no whole answer to ${address}: ${error.message}`,
        place,
        { cause: error },
      )
    }
  }

  private waitBefore(attempt: number, error: unknown): number {
    const { firstWaitMs, longestWaitMs } = this.rules
    const asked = error instanceof VendorFailure ? error.retryAfterMs : undefined
    // half of it by chance, so that those who failed together do not come back together
    return asked ?? Math.min(longestWaitMs, firstWaitMs * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2)
  }

  private async receive(address: URL, headers: Record<string, string>, signal: AbortSignal): Promise<Uint8Array> {
    const { silenceMs, mostBytes } = this.rules
    const silence = new AbortController()
    const timer = setTimeout(() => silence.abort(), silenceMs)
    try {
      // keys in headers would follow a redirect to another host
      const response = await fetch(address, { headers, redirect: 'error', signal: AbortSignal.any([signal, silence.signal]) })
      const chunks: Uint8Array[] = []
      let size = 0
      for await (const chunk of response.body ?? []) {
        timer.refresh()
        size += chunk.length
        if (size > mostBytes) throw new VendorFailure(`more than ${mostBytes} bytes`)
        chunks.push(chunk)
      }
      const bytes = Buffer.concat(chunks)
      if (response.ok) return bytes
      throw answerOf(response, bytes.toString('utf8', 0, 2_000))
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof VendorFailure || error instanceof VendorRefusal) throw error
      throw new VendorFailure(silence.signal.aborted ? `no byte for ${silenceMs} ms` : reasonOf(error), { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let onAbort: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort!)
  }
}

function answerOf({ status, headers }: Response, body: string): VendorFailure | VendorRefusal {
  const said = `it answered ${status} ${body.slice(0, 200)}`.trim()
  if (status === 429) return new VendorFailure(said, { busy: true, retryAfterMs: retryAfterOf(headers.get('retry-after')) })
  if (status === 408 || status >= 500) return new VendorFailure(said, { retryAfterMs: retryAfterOf(headers.get('retry-after')) })
  return new VendorRefusal(status, body)
}

/** Seconds or a date, as HTTP has it. */
function retryAfterOf(text: string | null): number | undefined {
  if (text === null) return undefined
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1_000
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now())
}

/** What fetch hides: its own message is only "fetch failed" or "terminated". */
const reasonOf = (error: unknown): string => {
  const { message, cause } = error as Error
  return cause instanceof Error ? `${message}: ${cause.message}` : message
}
