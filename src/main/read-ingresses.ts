import type { EndpointSlice } from '../api/kinds/endpoint-slice.ts'
import type { Secret } from '../api/kinds/secret.ts'
import { serviceOf } from '../api/kinds/service-endpoints.ts'
import type { Service } from '../api/kinds/service.ts'
import { keyOf, objectKey } from '../api/object.ts'
import type { IngressCertificate, IngressObjects, IngressReading } from '../doctor/ingress/reading.ts'

/** What HAProxy's settings are does not matter to what Ingresses mean. */
const settings = { addresses: [], ports: { http: 80, https: 443 }, directory: '/', threads: 1, accessLog: false }

/** Ingresses as the ingress understands them. Its code is loaded when first used: most commands need none of it. */
export async function readIngresses({ ingresses, classes, services, slices, secrets }: IngressObjects): Promise<IngressReading> {
  const { compile } = await import('../dataplane/ingress/compile.ts')
  const { routingOf } = await import('../dataplane/ingress/routes.ts')
  const { isOurs } = await import('../dataplane/ingress/classes.ts')
  const { certificateOf } = await import('../dataplane/ingress/certificates.ts')

  const ours = ingresses.filter((ingress) => ingress.metadata.deletionTimestamp === undefined && isOurs(ingress, classes))
  const servicesByKey = byKey<Service>(services)
  const secretsByKey = byKey<Secret>(secrets)
  const slicesByService = Map.groupBy<string | undefined, EndpointSlice>(slices, serviceOf)
  const certificate = (key: string) => {
    const secret = secretsByKey.get(key)
    const outcome = secret === undefined ? { problem: 'there is no such Secret' } : certificateOf(secret)
    return 'problem' in outcome ? { certificate: undefined, problem: outcome.problem } : { certificate: outcome, problem: undefined }
  }
  const { problems } = compile(
    {
      ingresses: ours,
      service: (key) => servicesByKey.get(key),
      secret: (key) => secretsByKey.get(key),
      slicesOf: (key) => slicesByService.get(key) ?? [],
      certificate,
      // Whether they lead anywhere is told in Events by whoever has asked.
      externalName: () => ({ addresses: [] }),
      // So is what leads back to them.
      isOwn: () => false,
      clusterDomain: '',
    },
    settings,
    new Map(),
  )
  const { routes, certificates } = routingOf(ours)
  return {
    served: new Set(ours.map(({ metadata }) => metadata.uid)),
    routes,
    problems,
    certificates: certificates.flatMap(({ ingress, secretName, hosts }): IngressCertificate[] => {
      const leaf = certificate(objectKey(ingress.metadata.namespace, secretName)).certificate?.leaf
      if (leaf === undefined) return []
      return [{ ingress, secretName, hosts, fingerprint: leaf.fingerprint256, validFrom: leaf.validFromDate, validTo: leaf.validToDate }]
    }),
  }
}

function byKey<T extends { readonly metadata: { namespace?: string; name: string } }>(objects: readonly T[]): ReadonlyMap<string, T> {
  return new Map(objects.map((object) => [keyOf(object), object]))
}
