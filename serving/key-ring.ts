import { createHash } from 'node:crypto'
import type { ValidKey } from '#db/queries/valid-keys.ts'

/** The hashes of all valid keys. A random secret's hash is looked up whole: its timing tells nothing of the secret. */
export class KeyRing {
  private keys = new Map<string, ValidKey>()

  replace(keys: ValidKey[]): void {
    this.keys = new Map(keys.map((key) => [key.keySha256, key]))
  }

  find(secret: string): ValidKey | undefined {
    return this.keys.get(createHash('sha256').update(secret).digest('hex'))
  }

  held(): ValidKey[] {
    return [...this.keys.values()]
  }
}
