import { proxyVariables } from '../../base/proxy-variables.ts'

/**
 * What containerd is to have in its environment in place of what is there, if a proxy is set: hosts that are not asked by
 * way of it, `own` among them. Ranges (`10.0.0.0/8`) and domains (`.svc`) are understood by Go's programs.
 */
export function proxyEnvironment(environment: NodeJS.ProcessEnv, own: readonly string[]): Readonly<Record<string, string>> {
  if (proxyVariables.every((name) => (environment[name] ?? '') === '')) return {}
  const { NO_PROXY: upper = '', no_proxy: lower = '' } = environment
  // Go takes the upper-case one, and the other only if that is empty.
  const asked = (upper === '' ? lower : upper).split(',').map((host) => host.trim()).filter((host) => host !== '')
  const all = [...new Set([...asked, ...own])].join(',')
  return { NO_PROXY: all, no_proxy: all }
}
