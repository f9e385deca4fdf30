import fc from 'fast-check'

/** Property tests draw the same examples on every run: a failure is then about the code, never about luck. */
fc.configureGlobal({ seed: 20_080_530 })
