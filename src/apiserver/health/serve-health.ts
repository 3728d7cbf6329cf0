import { metricsMediaType } from '../../base/metrics.ts'
import { pathNotFound } from '../../api/errors.ts'
import type { ApiContext } from '../context.ts'
import { type ApiRequest, type ApiResponse, text } from '../request.ts'
import type { HealthPath } from './health.ts'

const healthPaths: readonly HealthPath[] = ['healthz', 'livez', 'readyz']

/** `/readyz` or, of one check alone, `/readyz/NAME`; undefined for any other path. Throws a 404 for no such check. */
export function findHealth(path: string): ((context: ApiContext, request: ApiRequest) => Promise<ApiResponse>) | undefined {
  const [, root = '', ...rest] = path.split('/')
  const where = healthPaths.find((each) => each === root)
  if (where === undefined) return undefined
  if (rest.length === 0) return (context, request) => serveAll(context, where, request.query)
  return (context) => serveOne(context, where, rest.join('/'))
}

/** Every path of health that is served. */
export function allHealthPaths({ health }: Pick<ApiContext, 'health'>): string[] {
  return healthPaths.flatMap((path) => [`/${path}`, ...health.checksOf(path).map(({ name }) => `/${path}/${name}`)])
}

/** `/metrics/slis` */
export async function serveIndicators({ health }: ApiContext): Promise<ApiResponse> {
  return { status: 200, contentType: metricsMediaType, body: await health.indicators.text() }
}

/**
 * As upstream words it (k8s.io/apiserver/pkg/server/healthz). Anybody may ask, so that reasons are kept for those who may
 * ask for a check by its name, and for the log.
 */
async function serveAll({ health, log }: ApiContext, path: HealthPath, query: URLSearchParams): Promise<ApiResponse> {
  const checks = health.checksOf(path)
  const excluded = new Set(query.getAll('exclude'))
  const lines: string[] = []
  const failed: string[] = []
  for (const check of checks) {
    if (excluded.delete(check.name)) {
      lines.push(`[+]${check.name} excluded: ok\n`)
      continue
    }
    const { name, error } = await health.run(path, check)
    lines.push(error === undefined ? `[+]${name} ok\n` : `[-]${name} failed: reason withheld\n`)
    if (error !== undefined) failed.push(`${name}: ${error.message}`)
  }
  if (excluded.size > 0) {
    const names = [...excluded].sort().map((name) => JSON.stringify(name))
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names.join(',')}\n`)
  }
  if (failed.length > 0) {
    log.debug({ path, failed }, 'health check failed')
    return plain(`${lines.join('')}${path} check failed\n`, 500)
  }
  return plain(query.has('verbose') ? `${lines.join('')}${path} check passed\n` : 'ok')
}

async function serveOne({ health }: ApiContext, path: HealthPath, name: string): Promise<ApiResponse> {
  const check = health.checksOf(path).find((each) => each.name === name)
  if (check === undefined) throw pathNotFound()
  const { error } = await health.run(path, check)
  return error === undefined ? plain('ok') : plain(`internal server error: ${error.message}\n`, 500)
}

function plain(body: string, status = 200): ApiResponse {
  return { ...text(body, status), headers: { 'x-content-type-options': 'nosniff' } }
}
