import pino, { type DestinationStream, type Logger } from 'pino'

/** Fields that may hold a secret, wherever they stand in what is logged (pino's paths reach a fixed depth). */
const secretFields = ['authorization', 'password', 'secretKey', 'accessKey', 'apiKey', 'trainerUrl', 'databaseUrl', 'QUANTLOOP_API_KEY']
const depths = ['', '*.', '*.*.', '*.*.*.']
const headers = ['req.headers.authorization', 'headers.authorization', 'err.config.headers.authorization']

/**
 * JSON lines on standard output: time as ISO 8601, the process's name and pid, errors with their code and place.
 * Secrets are replaced before a line is written, and so are passwords in addresses and API keys within texts.
 */
export function createLogger(name: string, level: 'debug' | 'info' | 'warn' | 'error', destination?: DestinationStream): Logger {
  const options: pino.LoggerOptions = {
    name,
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: [...depths.flatMap((depth) => secretFields.map((field) => depth + field)), ...headers], censor: '***' },
    hooks: { streamWrite: maskText },
  }
  return destination ? pino(options, destination) : pino(options)
}

/** `postgresql://user:***@host` and `ql_***`, wherever they stand in a text. */
export const maskText = (text: string) => text.replace(/(\w+:\/\/[^\s:/@"]+:)[^\s@"]+@/g, '$1***@').replace(/\bql_[\w-]{20,}/g, 'ql_***')
