declare const PORTOLAN_VERSION: string

/** From package.json, put in by the bundler. */
export const version = PORTOLAN_VERSION
