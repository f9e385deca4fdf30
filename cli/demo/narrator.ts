/** The replay as lines for a person: a session each, with what the monitors made of it, and what was done. */
import type { Alert, Retrain } from '#contracts/supervision.ts'
import type { Scene } from './chapter.ts'
import * as scenario from './scenario.ts'
import { isPersistence, type Watching } from './watching.ts'

/** Every line says so: the pace is fast, the bars are real. */
const prefix = 'replay of real bars ·'

export class Narrator {
  private readonly say: Scene['say']
  private readonly knownSessions = new Set<string>()
  private readonly knownAlerts = new Set<string>()
  private readonly knownStates = new Map<string, Retrain['state']>()

  constructor(say: Scene['say']) {
    this.say = say
  }

  /** Says what is new. */
  tell(watching: Watching): void {
    // the newest session is watched only when the next one says what it came to
    const through = watching.supervision.processedThrough ?? ''
    for (const session of new Set(watching.scores.map((score) => score.session)))
      if (session < through && !this.knownSessions.has(session)) {
        this.knownSessions.add(session)
        const place = `${String(this.knownSessions.size).padStart(3)}/${scenario.replay.sessions}`
        this.line(`${place}  ${sessionLine(watching, session)}`)
      }
    for (const alert of watching.alerts)
      if (!this.knownAlerts.has(alert.id)) {
        this.knownAlerts.add(alert.id)
        this.line(alertLine(alert))
      }
    for (const retrain of watching.retrains)
      if (this.knownStates.get(retrain.id) !== retrain.state) {
        this.knownStates.set(retrain.id, retrain.state)
        this.line(retrainLine(retrain))
      }
  }

  private line(text: string): void {
    this.say(`${prefix} ${text}`)
  }
}

function sessionLine({ scores, monitors }: Watching, session: string): string {
  const of = scores.filter((score) => score.session === session)
  const losses = of.toSorted((a, b) => Number(isPersistence(a.forecaster)) - Number(isPersistence(b.forecaster)))
  const shown = losses.map(({ forecaster, loss }) => `${loss.toFixed(3)} ${isPersistence(forecaster) ? 'persistence' : forecaster}`)
  const cusum = monitors.flatMap(({ monitor, points }) =>
    monitor.kind === 'decay' ? points.filter((point) => point.session === session) : [],
  )
  const readings = cusum.map(
    ({ statistic, threshold, fired }) => `${statistic.toFixed(2)} of ${threshold.toFixed(2)}${fired ? ', alarm' : ''}`,
  )
  return `${session}  loss ${shown.join(', ')}  CUSUM ${readings.join('; ') || 'not there yet'}`
}

const alertLine = ({ session, kind, severity, summary }: Alert) => `${session}  ${severity}, ${kind}: ${summary}`

function retrainLine({ session, state, challenger, looks, reason }: Retrain): string {
  const name = challenger === null ? 'a challenger' : `${challenger.name}@${challenger.version}`
  switch (state) {
    case 'training':
      return `${session}  the champion's recipe is trained anew on data up to here`
    case 'challenging':
      return `${session}  ${name} is fitted; later sessions will judge it`
    case 'rolling-out':
      return `${session}  ${name} was better after ${looks.at(-1)?.sessions ?? 0} sessions: a canary begins`
    case 'promoted':
      return `${session}  ${name} is promoted`
    case 'not-promoted':
      return `${session}  ${name} is not promoted: ${reason ?? 'no reason was given'}`
    case 'failed':
      return `${session}  the retrain failed: ${reason ?? 'no reason was given'}`
    default:
      return state satisfies never
  }
}
