import { expect } from 'vitest'
import { eventually, type Output } from '../test-cluster.ts'
import type { Reader } from './reader.ts'
import type { Row, Section } from './row.ts'

const patch = (service: string, spec: object) => `kubectl patch svc ${service} -p '${JSON.stringify({ spec })}'`

interface BrokenState {
  readonly name: string
  readonly service: string
  readonly breaks: string
  /** What the doctor finds first. */
  readonly reason: string
  readonly mends: string
  /** There is no such Service any more. */
  readonly isGone?: boolean
}

/** The chapter's Services as they go wrong. */
const broken: readonly BrokenState[] = [
  {
    name: 'a selector that matches nothing',
    service: 'kubia',
    breaks: patch('kubia', { selector: { app: 'kubai' } }),
    reason: 'SelectorMatchesNoPods',
    mends: patch('kubia', { selector: { app: 'kubia' } }),
  },
  {
    name: 'a target port where nobody listens',
    service: 'kubia',
    breaks: patch('kubia', { ports: [{ port: 80, targetPort: 80 }] }),
    reason: 'TargetPortWithoutListener',
    mends: patch('kubia', { ports: [{ port: 80, targetPort: 8080 }] }),
  },
  {
    name: 'a program that is bound to its own machine',
    service: 'kubia',
    breaks:
      `kubectl run local --image=luksa/kubia --restart=Never --command -- node -e "require('http').createServer().listen(8080, '127.0.0.1')" && ` +
      `kubectl wait --for=condition=Ready pod local --timeout=60s && ${patch('kubia', { selector: { app: null, run: 'local' } })}`,
    reason: 'ListensOnLoopbackOnly',
    mends: `${patch('kubia', { selector: { app: 'kubia', run: null } })} && kubectl delete pod local --now`,
  },
  {
    name: 'pods whose probe fails',
    service: 'kubia',
    breaks: 'kubectl delete rc kubia && kubectl create -f kubia-rc-readinessprobe.yaml',
    reason: 'PodsNotReady',
    mends: 'for pod in $(kubectl get pods -l app=kubia -o name); do kubectl exec ${pod#pod/} -- touch /var/ready; done',
  },
  {
    name: 'neither selector nor endpoints',
    service: 'external-service',
    breaks: 'kubectl create -f external-service.yaml',
    reason: 'NoSelectorNoEndpoints',
    mends: 'kubectl delete svc external-service',
    isGone: true,
  },
  {
    name: 'the headless Service, by its port',
    service: 'kubia-headless',
    breaks: 'kubectl get svc kubia-headless',
    reason: 'HeadlessPortMapping',
    mends: patch('kubia-headless', { ports: [{ port: 8080, targetPort: 8080 }, { $patch: 'delete', port: 80 }] }),
  },
  {
    name: 'Local, and nodes without a pod',
    service: 'kubia-nodeport',
    breaks: 'kubectl scale rc kubia --replicas=1 && kubectl apply -f kubia-svc-nodeport-local.yaml',
    reason: 'ExternalTrafficPolicyLocal',
    mends: patch('kubia-nodeport', { externalTrafficPolicy: 'Cluster' }),
  },
]

export const troubleshooting: Section = {
  title: '5.7 When it does not work',
  rows: [
    {
      row: 25,
      title: 'kubia is well',
      once: true,
      async perform(reader) {
        await reader.until('kubectl get endpoints kubia', /:8080/)
        const { code, stdout } = await reader.cluster.tryPortolan('doctor', 'service/kubia')
        expect(stdout).toMatch(/✔ selector app=kubia matches 3 pods/)
        expect(stdout).toMatch(/✔ DNS answers kubia\.default\.svc\.cluster\.local with 10\./)
        expect(stdout).toMatch(/✔ connected to 10\.\S+:80 from pod /)
        expect(stdout).toContain('a cluster IP does not answer ping')
        expect(stdout).toContain('clients connect to port 80; 8080 is that of the pods')
        expect(code).toBe(0)
      },
    },
    ...broken.map(asRow),
  ],
}

function asRow({ name, service, breaks, reason, mends, isGone = false }: BrokenState): Row {
  return {
    row: 25,
    title: name,
    once: true,
    async perform(reader) {
      await reader.types(breaks)
      const { code } = await untilDoctorSays(reader, service, new RegExp(`cause[^]*1\\. .*\\(${reason}\\)\n[^]*seen: [^]*fix: [^]*\\$ `))
      expect(code).toBe(1)
      await reader.types(mends)
      if (isGone) return
      expect((await untilDoctorSays(reader, service, /healthy\n$/)).code).toBe(0)
    },
  }
}

async function untilDoctorSays({ cluster }: Reader, service: string, pattern: RegExp): Promise<Output> {
  let last = ''
  return eventually(`${pattern}`, async () => {
    const output = await cluster.tryPortolan('doctor', `service/${service}`)
    last = output.stdout + output.stderr
    return pattern.test(last) && output
  }).catch((error: unknown) => {
    throw new Error(last, { cause: error })
  })
}
