/** Rises whenever the same build may get another verdict. */
export const checkVersion = '1'
