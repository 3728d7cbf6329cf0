/** One pod for each thing that a pod can be told. */

export interface PodInputs {
  /** A folder of the test's on this machine, which some containers write to. */
  readonly directory: string
}

type Container = Readonly<Record<string, unknown>>
type Spec = Readonly<Record<string, unknown>> & { readonly containers: readonly Container[] }

const eachSecond = { periodSeconds: 1 }
const shell = (script: string) => ({ command: ['sh', '-c', script] })
const exec = (...command: string[]) => ({ exec: { command } })
const idle = (name: string, more: Container = {}): Container => ({ name, image: 'busybox', command: ['sleep', 'infinity'], ...more })
const script = (name: string, text: string, more: Container = {}): Container => ({ name, image: 'busybox', ...shell(text), ...more })

/** The server in `probe-target.cjs`. */
const server = (more: Container = {}): Container => ({
  name: 'server',
  image: 'luksa/kubia',
  command: ['node', '/target/probe-target.cjs'],
  ports: [{ name: 'http', containerPort: 8081 }, { name: 'tls', containerPort: 8443 }],
  volumeMounts: [{ name: 'target', mountPath: '/target' }],
  ...more,
})
const target = { name: 'target', configMap: { name: 'probe-target' } }

/** Pods end quickly unless they say otherwise. */
function pod(name: string, spec: Spec, labels: Readonly<Record<string, string>> = {}): object {
  const metadata = { name, labels }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { terminationGracePeriodSeconds: 1, ...spec } }
}

/** Says on the way out, after a second, that it has ended. */
const until = (name: string, first: string) =>
  `trap 'sleep 1; echo ${name} ended >>/journal/order; exit' TERM; ${first}; sleep infinity & wait`

export function lifecyclePods({ directory }: PodInputs): readonly object[] {
  return [...chapter(), ...probed(), ...ordered(directory), ...placed(), ...ended(), ...impossible()]
}

/** The readiness row of the chapter, except that it is probed every three seconds rather than ten. */
function chapter(): object[] {
  const labels = { app: 'chapter' }
  const readinessProbe = { ...exec('ls', '/var/ready'), periodSeconds: 3 }
  const kubia = { name: 'kubia', image: 'luksa/kubia', readinessProbe }
  const template = { metadata: { labels }, spec: { terminationGracePeriodSeconds: 1, containers: [kubia] } }
  const spec = { selector: labels, ports: [{ port: 80, targetPort: 8080 }] }
  return [
    { apiVersion: 'v1', kind: 'ReplicationController', metadata: { name: 'chapter' }, spec: { replicas: 3, selector: labels, template } },
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'chapter' }, spec },
  ]
}

function probed(): object[] {
  const late = { initialDelaySeconds: 2 }
  const header = { path: '/header', port: 'http', httpHeaders: [{ name: 'X-Probe', value: 'yes' }] }
  return [
    pod('healthy', {
      volumes: [target],
      containers: [
        server({
          envFrom: [{ configMapRef: { name: 'certificate' } }],
          startupProbe: { tcpSocket: { port: 'tls' }, ...eachSecond, failureThreshold: 30 },
          readinessProbe: { httpGet: header, ...eachSecond },
          livenessProbe: { httpGet: { path: '/204', port: 8081 }, ...eachSecond },
        }),
        idle('by-https', { readinessProbe: { httpGet: { scheme: 'HTTPS', port: 8443 }, ...eachSecond } }),
        idle('by-grpc', {
          readinessProbe: { grpc: { port: 9090, service: 'web' }, ...eachSecond },
          livenessProbe: { grpc: { port: 9090 }, ...eachSecond, ...late },
        }),
        idle('by-redirect', { readinessProbe: { httpGet: { path: '/moved', port: 8081 }, ...eachSecond } }),
      ],
    }),
    pod('unhealthy', {
      volumes: [target],
      containers: [
        server({ readinessProbe: { httpGet: { path: '/500', port: 8081 }, ...late } }),
        idle('refused', { readinessProbe: { tcpSocket: { port: 1 } } }),
        idle('down', { readinessProbe: { grpc: { port: 9090, service: 'down' }, ...late } }),
        idle('hangs', { readinessProbe: { httpGet: { path: '/hang', port: 8081 }, ...late } }),
      ],
    }),
    pod('unable', {
      containers: [
        idle('hangs', { readinessProbe: exec('sleep', '60') }),
        idle('lacks', { readinessProbe: exec('/no/such/program') }),
        idle('nowhere', { readinessProbe: { tcpSocket: { port: 'none' } } }),
      ],
    }),
    pod('dead', {
      terminationGracePeriodSeconds: 300,
      containers: [
        script('stubborn', "trap '' TERM; sleep infinity", {
          livenessProbe: { ...exec('false'), ...eachSecond, failureThreshold: 2, terminationGracePeriodSeconds: 1 },
        }),
      ],
    }),
    pod('slow', { containers: [idle('starter', { startupProbe: { ...exec('false'), ...eachSecond, failureThreshold: 2 } })] }),
  ]
}

function ordered(path: string): object[] {
  const journal = { name: 'journal', hostPath: { path } }
  const volumeMounts = [{ name: 'journal', mountPath: '/journal' }]
  const writer = (name: string, text: string, more: Container = {}) => script(name, text, { volumeMounts, ...more })
  const sidecar = { restartPolicy: 'Always' }
  const up = 'echo proxy >>/journal/order; sleep 1; echo proxy up >>/journal/order; touch /tmp/up'
  return [
    pod('ordered', {
      terminationGracePeriodSeconds: 20,
      volumes: [journal],
      initContainers: [
        writer('first', 'echo first >>/journal/order'),
        writer('proxy', until('proxy', up), { ...sidecar, startupProbe: { ...exec('test', '-f', '/tmp/up'), ...eachSecond, failureThreshold: 30 } }),
        writer('second', 'echo second >>/journal/order'),
        writer('late', until('late', 'echo late >>/journal/order'), {
          ...sidecar,
          readinessProbe: { ...exec('test', '-f', '/journal/late-ready'), ...eachSecond, failureThreshold: 1 },
        }),
      ],
      containers: [writer('main', until('main', 'echo main >>/journal/order'))],
    }),
    pod('hooked', {
      terminationGracePeriodSeconds: 20,
      volumes: [journal, target],
      containers: [
        server({
          env: [{ name: 'REQUESTS', value: '/journal/requests' }],
          volumeMounts: [...volumeMounts, { name: 'target', mountPath: '/target' }],
          readinessProbe: { tcpSocket: { port: 'http' }, ...eachSecond },
          lifecycle: { preStop: { httpGet: { path: '/drain', port: 'http' } } },
        }),
        writer('commands', "trap 'echo TERM >>/journal/hooks; exit' TERM; sleep infinity & wait", {
          lifecycle: {
            postStart: { exec: shell('echo postStart >>/journal/hooks') },
            preStop: { exec: shell('sleep 1; echo preStop >>/journal/hooks') },
          },
        }),
        writer('sleeps', "trap 'date +%s >>/journal/slept; exit' TERM; sleep infinity & wait", { lifecycle: { preStop: { sleep: { seconds: 3 } } } }),
      ],
    }),
  ]
}

/** Where a pod is in the network, and what it is called. */
function placed(): object[] {
  const tcp = { containerPort: 8081, protocol: 'TCP' }
  const hostPorts = [
    { ...tcp, hostPort: 18081 },
    { ...tcp, hostPort: 18082, hostIP: '127.0.0.1' },
    { containerPort: 9053, hostPort: 18053, protocol: 'UDP' },
  ]
  return [
    pod('in-node', { hostNetwork: true, containers: [{ name: 'kubia', image: 'luksa/kubia', ports: [{ containerPort: 8080 }] }] }),
    pod('ports', {
      volumes: [target],
      containers: [server({ ports: hostPorts, readinessProbe: { tcpSocket: { port: 8081 }, ...eachSecond } })],
    }),
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'names' }, spec: { clusterIP: 'None', selector: { app: 'named' }, ports: [{ port: 80 }] } },
    pod(
      'named',
      {
        hostname: 'web-1',
        subdomain: 'names',
        setHostnameAsFQDN: true,
        hostAliases: [{ ip: '192.0.2.7', hostnames: ['old.example', 'older.example'] }],
        containers: [{ name: 'main', image: 'tutum/dnsutils', command: ['sleep', 'infinity'] }],
      },
      { app: 'named' },
    ),
    pod('gated', { readinessGates: [{ conditionType: 'example.com/load-balancer' }], containers: [idle('main')] }),
  ]
}

function ended(): object[] {
  return [
    pod('never', { restartPolicy: 'Never', containers: [script('main', 'exit 3')] }),
    pod('on-failure', {
      restartPolicy: 'OnFailure',
      volumes: [{ name: 'kept', emptyDir: {} }],
      containers: [script('main', 'test -f /kept/tried || { touch /kept/tried; exit 1; }', { volumeMounts: [{ name: 'kept', mountPath: '/kept' }] })],
    }),
    pod('always', { containers: [script('main', 'exit 1')] }),
    pod('last-words', {
      restartPolicy: 'Never',
      containers: [
        script('file', 'echo no disk >/tmp/why; exit 1', { terminationMessagePath: '/tmp/why' }),
        script('log', 'echo starting; exit 1', { terminationMessagePolicy: 'FallbackToLogsOnError' }),
      ],
    }),
    pod('deadline', { activeDeadlineSeconds: 3, containers: [idle('main')] }),
  ]
}

/** Pods that cannot be, each for another reason. */
function impossible(): object[] {
  const longName = 'a-name-of-so-many-letters-that-with-its-domain'
  return [
    pod('no-image', { containers: [{ name: 'main', image: 'registry.invalid/nothing:1' }] }),
    pod('no-program', { containers: [{ ...idle('main'), command: ['/no/such/program'] }] }),
    pod('no-port', { containers: [idle('main', { ports: [{ containerPort: 80, hostPort: 18081 }] })] }),
    pod('no-start', { containers: [idle('main', { lifecycle: { postStart: { exec: shell('echo password; exit 4') } } })] }),
    pod('no-stop', { containers: [idle('main', { lifecycle: { preStop: exec('false') } })] }),
    pod('no-name', { hostname: longName, subdomain: 'names', setHostnameAsFQDN: true, containers: [idle('main')] }),
  ]
}
