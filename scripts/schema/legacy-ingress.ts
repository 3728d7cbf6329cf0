/**
 * Ingress as it was before networking.k8s.io/v1: in `extensions/v1beta1` and `networking.k8s.io/v1beta1`. The client
 * library has dropped it; manifests that still say so have not.
 */
import type { FieldType, ObjectTypeFile } from '../../src/api/schema/schema.ts'

type Fields = ObjectTypeFile['fields']

/** The types of both groups, `NetworkingV1beta1Ingress` and `ExtensionsV1beta1Ingress`, and what they refer to. */
export function legacyIngressTypes(): [string, ObjectTypeFile][] {
  return ['Networking', 'Extensions'].flatMap((group) =>
    Object.entries(shapes(`${group}V1beta1`)).map(([kind, [description, fields]]): [string, ObjectTypeFile] => [
      `${group}V1beta1${kind}`,
      {
        goName: `v1beta1.${kind}`,
        openApiName: `io.k8s.api.${group.toLowerCase()}.v1beta1.${kind}`,
        description,
        fields,
      },
    ]),
  )
}

function shapes(prefix: string): Record<string, [description: string, fields: Fields]> {
  const ref = (kind: string): FieldType => ({ ref: `${prefix}${kind}` })
  return {
    Ingress: [
      'Ingress is a collection of rules by which requests from outside reach Services.',
      {
        ...typeMeta,
        metadata: field({ ref: 'V1ObjectMeta' }, "Standard object's metadata."),
        spec: field(ref('IngressSpec'), 'The desired state of the Ingress.'),
        status: field(ref('IngressStatus'), 'The current state of the Ingress.'),
      },
    ],
    IngressList: [
      'IngressList is a collection of Ingress.',
      {
        ...typeMeta,
        items: { ...field({ list: ref('Ingress') }, 'The Ingresses.'), required: true },
        metadata: field({ ref: 'V1ListMeta' }, "Standard list's metadata."),
      },
    ],
    IngressSpec: [
      'IngressSpec describes the Ingress that the user wishes to exist.',
      {
        backend: field(ref('IngressBackend'), 'Where requests go that no rule matches.'),
        ingressClassName: field('string', 'The name of the IngressClass whose controller serves this Ingress.'),
        rules: field({ list: ref('IngressRule') }, 'Host rules; without any, everything goes to the backend.'),
        tls: field({ list: ref('IngressTLS') }, 'Which hosts are served over TLS, and with which certificates.'),
      },
    ],
    IngressRule: [
      'IngressRule maps the paths under one host to Services.',
      {
        host: field('string', 'The host, possibly with a wildcard as its first label; all hosts if absent.'),
        http: field(ref('HTTPIngressRuleValue'), 'The paths under the host.'),
      },
    ],
    HTTPIngressRuleValue: [
      'HTTPIngressRuleValue is a list of paths and of where they lead.',
      { paths: { ...field({ list: ref('HTTPIngressPath') }, 'The paths.'), required: true } },
    ],
    HTTPIngressPath: [
      'HTTPIngressPath leads the requests to a path to a Service.',
      {
        backend: { ...field(ref('IngressBackend'), 'Where the requests go.'), required: true },
        path: field('string', 'The path, beginning with a slash.'),
        pathType: field('string', 'How the path is matched: Exact, Prefix or ImplementationSpecific, the default.'),
      },
    ],
    IngressBackend: [
      'IngressBackend names a Service and one of its ports.',
      {
        resource: field({ ref: 'V1TypedLocalObjectReference' }, 'Another object in place of a Service.'),
        serviceName: field('string', 'The name of the Service.'),
        servicePort: field('int-or-string', 'The number or name of the port of the Service.'),
      },
    ],
    IngressTLS: [
      'IngressTLS names the certificate for some hosts.',
      {
        hosts: field({ list: 'string' }, 'The hosts that the certificate is for.'),
        secretName: field('string', 'The name of the Secret that holds the certificate.'),
      },
    ],
    IngressStatus: [
      'IngressStatus is the current state of the Ingress.',
      { loadBalancer: field({ ref: 'V1LoadBalancerStatus' }, 'The addresses at which the Ingress is reached.') },
    ],
  }
}

const typeMeta: Fields = {
  apiVersion: field('string', 'The version of the schema that this object follows.'),
  kind: field('string', 'What this object is.'),
}

function field(type: FieldType, description: string): Fields[string] {
  return { type, description }
}
