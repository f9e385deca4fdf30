declare module 'fs-native-extensions' {
  /** An exclusive lock on the open file; the system releases it when the file is closed, also by a kill. */
  export function tryLock(fd: number): boolean
}
