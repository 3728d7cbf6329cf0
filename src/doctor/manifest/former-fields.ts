/** What one version of a kind calls otherwise than another, by the type in Go's words. */
export interface FormerField {
  readonly change: string
  /** `value` gives that of a field beside it. */
  readonly corrected: (value: (name: string) => string | undefined) => readonly string[]
}

const backendChange = 'networking.k8s.io/v1 names a Service and its port below `service`; v1beta1 has serviceName and servicePort'
const backendOfToday: FormerField = {
  change: backendChange,
  corrected: (value) => {
    const port = value('servicePort') ?? '80'
    return ['service:', `  name: ${value('serviceName') ?? 'NAME'}`, '  port:', /^\d+$/.test(port) ? `    number: ${port}` : `    name: ${port}`]
  },
}
const newVersion = () => ['apiVersion: networking.k8s.io/v1']

const formerFields: Readonly<Record<string, Readonly<Record<string, FormerField>>>> = {
  'v1.IngressBackend': { serviceName: backendOfToday, servicePort: backendOfToday },
  'v1.IngressSpec': {
    backend: {
      change: 'what v1beta1 calls backend is defaultBackend in networking.k8s.io/v1',
      corrected: () => ['defaultBackend:', '  service:', '    name: NAME', '    port:', '      number: 80'],
    },
  },
  'v1beta1.IngressBackend': { service: { change: backendChange, corrected: newVersion } },
  'v1beta1.IngressSpec': {
    defaultBackend: { change: 'what networking.k8s.io/v1 calls defaultBackend is backend in v1beta1', corrected: newVersion },
  },
}

/** Of the type in Go's words. Names come from manifests: `toString` is no former field. */
export function formerField(type: string, name: string): FormerField | undefined {
  const fields = formerFields[type] ?? {}
  return Object.hasOwn(fields, name) ? fields[name] : undefined
}
