import { apiServer } from './api-server.ts'
import { ingressApi, ingressClassApi, serviceAddressApi } from './apis.ts'
import type { ConformanceGroup } from './conformance-case.ts'
import { dns } from './dns.ts'
import { endpoints, endpointsController, endpointSlices, mirroring } from './endpoints.ts'
import { latency } from './latency.ts'
import { granularChecks, hostPort } from './networking.ts'
import { proxy } from './proxy.ts'
import { services } from './services.ts'

/** All of them, by upstream's headings. */
export const groups: readonly ConformanceGroup[] = [
  apiServer,
  dns,
  endpointSlices,
  mirroring,
  endpoints,
  endpointsController,
  hostPort,
  ingressApi,
  ingressClassApi,
  granularChecks,
  proxy,
  latency,
  serviceAddressApi,
  services,
]
