import { expect, test } from 'vitest'
import { created, createProblems, row, updated, updateProblems } from './kind-trial.ts'
import { applyPodAdmissionDefaults, podKind as kind, type Pod } from './pod.ts'

const main = { name: 'main', image: 'luksa/kubia' }
const requiredTerm =
  'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]'
const nearTerm = 'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution'
const pod = (spec: object) => ({ spec: { containers: [main], ...spec } })
const container = (fields: object) => pod({ containers: [{ ...main, ...fields }] })

for (const { name, draft, problems } of [
  { name: 'a plain one', draft: pod({}), problems: [] },
  { name: 'nothing', draft: {}, problems: ['spec.containers: Required value'] },
  {
    name: 'a container without anything',
    draft: pod({ containers: [{}] }),
    problems: ['spec.containers[0].name: Required value', 'spec.containers[0].image: Required value'],
  },
  {
    name: 'a padded image',
    draft: container({ image: 'nginx ' }),
    problems: ['spec.containers[0].image: Invalid value: "nginx ": must not have leading or trailing whitespace'],
  },
  {
    name: 'two containers of one name',
    draft: pod({ containers: [main, main], initContainers: [main] }),
    problems: [
      'spec.containers[1].name: Duplicate value: "main"',
      'spec.initContainers[0].name: Duplicate value: "main"',
    ],
  },
  {
    name: 'bad container ports',
    draft: container({ ports: [{}, { containerPort: 70000 }, { containerPort: 80, protocol: 'HTTP', name: '--' }] }),
    problems: [
      'spec.containers[0].ports[0].containerPort: Required value',
      'spec.containers[0].ports[1].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
      'spec.containers[0].ports[2].name: Invalid value: "--": must contain at least one letter (a-z)',
      'spec.containers[0].ports[2].name: Invalid value: "--": must not contain consecutive hyphens',
      'spec.containers[0].ports[2].name: Invalid value: "--": must not begin or end with a hyphen',
      'spec.containers[0].ports[2].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"',
    ],
  },
  {
    name: 'one port of the host twice',
    draft: container({ ports: [{ containerPort: 80, hostPort: 80 }, { containerPort: 81, hostPort: 80 }] }),
    problems: ['spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//80"'],
  },
  {
    name: 'another port on the host network',
    draft: pod({ hostNetwork: true, containers: [{ ...main, ports: [{ containerPort: 80, hostPort: 81 }] }] }),
    problems: [
      'spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true',
    ],
  },
  {
    name: 'environment from nowhere, from two places, and besides a value',
    draft: container({
      env: [
        { value: 'x' },
        { name: 'A=B' },
        { name: 'A', valueFrom: {} },
        { name: 'B', value: 'x', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'C', valueFrom: { fieldRef: { fieldPath: 'status.phase' }, secretKeyRef: { name: 's' } } },
      ],
    }),
    problems: [
      'spec.containers[0].env[0].name: Required value',
      "spec.containers[0].env[1].name: Invalid value: \"A=B\": a valid environment variable name must consist only of printable ASCII characters other than '='",
      'spec.containers[0].env[2].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
      'spec.containers[0].env[3].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
      'spec.containers[0].env[4].valueFrom.fieldRef.fieldPath: Unsupported value: "status.phase": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
      'spec.containers[0].env[4].valueFrom.secretKeyRef.key: Required value',
      'spec.containers[0].env[4].valueFrom: Invalid value: "": may not have more than one field specified at a time',
    ],
  },
  {
    name: 'references to fields that are not there',
    draft: container({
      env: [
        { name: 'A', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
        { name: 'B', valueFrom: { fieldRef: { fieldPath: 'spec.image' } } },
        { name: 'C', valueFrom: { resourceFieldRef: { resource: 'limits.gpu' } } },
        { name: 'D', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '2' } } },
      ],
    }),
    problems: [
      'spec.containers[0].env[1].valueFrom.fieldRef.fieldPath: Invalid value: "spec.image": error converting fieldPath: field label not supported: spec.image',
      'spec.containers[0].env[2].valueFrom.resourceFieldRef.resource: Unsupported value: "limits.gpu": supported values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"',
      "spec.containers[0].env[3].valueFrom.resourceFieldRef.divisor: Invalid value: \"limits.cpu\": only divisor's values 1m and 1 are supported with the cpu resource",
    ],
  },
  {
    name: 'environment from no set at all',
    draft: container({ envFrom: [{}] }),
    problems: ['spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`'],
  },
  {
    name: 'probes with none, two and bad handlers',
    draft: container({
      livenessProbe: {},
      readinessProbe: { exec: { command: ['ls'] }, tcpSocket: { port: 80 } },
      startupProbe: { httpGet: { port: 'no_port' }, successThreshold: 2, periodSeconds: -1 },
    }),
    problems: [
      'spec.containers[0].livenessProbe: Required value: must specify a handler type',
      'spec.containers[0].readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type',
      'spec.containers[0].startupProbe.httpGet.port: Invalid value: "no_port": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
      'spec.containers[0].startupProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0',
      'spec.containers[0].startupProbe.successThreshold: Invalid value: 2: must be 1',
    ],
  },
  {
    name: 'hooks',
    draft: pod({
      terminationGracePeriodSeconds: 5,
      containers: [{ ...main, lifecycle: { preStop: { sleep: { seconds: 6 } }, postStart: { exec: {} } } }],
    }),
    problems: [
      'spec.containers[0].lifecycle.postStart.exec.command: Required value',
      'spec.containers[0].lifecycle.preStop.sleep: Invalid value: 6: must be non-negative and less than terminationGracePeriodSeconds (5)',
    ],
  },
  {
    name: 'probes of an init container',
    draft: pod({
      initContainers: [
        { ...main, name: 'once', readinessProbe: { tcpSocket: { port: 80 } } },
        { ...main, name: 'beside', restartPolicy: 'Always', readinessProbe: { tcpSocket: { port: 80 } } },
        { ...main, name: 'odd', restartPolicy: 'Never' },
      ],
    }),
    problems: [
      'spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
      'spec.initContainers[2].restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ],
  },
  {
    name: 'mounts of volumes that are not there',
    draft: pod({
      volumes: [{ name: 'data' }, { name: 'data', emptyDir: {} }, { name: 'two', emptyDir: {}, secret: { secretName: 's' } }],
      containers: [
        {
          ...main,
          volumeMounts: [
            { name: 'data', mountPath: '/a' },
            { name: 'other', mountPath: '/a' },
            { name: 'data', mountPath: '/b', subPath: '../c' },
          ],
        },
      ],
    }),
    problems: [
      'spec.volumes[1].name: Duplicate value: "data"',
      'spec.volumes[2].secret: Forbidden: may not specify more than 1 volume type',
      'spec.containers[0].volumeMounts[1].name: Not found: "other"',
      'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/a": must be unique',
      'spec.containers[0].volumeMounts.subPath: Invalid value: "../c": must not contain \'..\'',
    ],
  },
  {
    name: 'volumes of several kinds',
    draft: pod({
      volumes: [
        { name: 'a', hostPath: { path: '/a/../b', type: 'Folder' } },
        { name: 'b', configMap: { items: [{ key: 'k', path: '/abs', mode: 1000 }] } },
        { name: 'c', persistentVolumeClaim: {} },
        { name: 'd', projected: { sources: [{ serviceAccountToken: { expirationSeconds: 5, path: 'token' } }] } },
        { name: 'e', downwardAPI: { items: [{ path: 'labels' }] } },
        { name: 'f', emptyDir: { sizeLimit: '-1' } },
      ],
    }),
    problems: [
      'spec.volumes[0].hostPath.path: Invalid value: "/a/../b": must not contain \'..\'',
      'spec.volumes[0].hostPath.type: Unsupported value: "Folder": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
      'spec.volumes[1].configMap.name: Required value',
      'spec.volumes[1].configMap.items[0].path: Invalid value: "/abs": must be a relative path',
      'spec.volumes[1].configMap.items[0].mode: Invalid value: 1000: must be a number between 0 and 0777 (octal), both inclusive',
      'spec.volumes[2].persistentVolumeClaim.claimName: Required value',
      'spec.volumes[3].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes',
      'spec.volumes[4].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required',
      'spec.volumes[5].emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity',
    ],
  },
  {
    name: 'resources',
    draft: container({
      resources: {
        limits: { cpu: '500m', gpu: '1', 'acme.io/disk': '1500m', memory: '-1' },
        requests: { cpu: '1', memory: 'lots' },
      },
    }),
    problems: [
      'spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified',
      'spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource for containers',
      'spec.containers[0].resources.limits[acme.io/disk]: Invalid value: "1500m": must be an integer',
      'spec.containers[0].resources.limits[memory]: Invalid value: "-1": must be greater than or equal to 0',
      'spec.containers[0].resources.requests: Invalid value: "1": must be less than or equal to cpu limit of 500m',
      'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified',
      'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers',
      'spec.containers[0].resources.requests[acme.io/disk]: Invalid value: "1500m": must be an integer',
      "spec.containers[0].resources.requests[memory]: Invalid value: \"lots\": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
  },
  {
    name: 'another restart policy and DNS policy',
    draft: pod({ restartPolicy: 'Sometimes', dnsPolicy: 'Cluster' }),
    problems: [
      'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
      'spec.dnsPolicy: Unsupported value: "Cluster": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
    ],
  },
  {
    name: 'no DNS and nothing instead',
    draft: pod({ dnsPolicy: 'None' }),
    problems: ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
  },
  {
    name: 'DNS of its own',
    draft: pod({
      dnsConfig: {
        nameservers: ['1.1.1.1', '1.1.1.2', '1.1.1.3', 'four'],
        searches: ['.', 'a_b.example.com.', '_tcp.example.com', 'Ex'],
        options: [{}],
      },
    }),
    problems: [
      'spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.2","1.1.1.3","four"]: must not have more than 3 nameservers',
      'spec.dnsConfig.nameservers[3]: Invalid value: "four": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      expect.stringMatching(/^spec.dnsConfig.searches\[3\]: Invalid value: "Ex": a lowercase RFC 1123 subdomain/),
      'spec.dnsConfig.options[0]: Required value: must not be empty',
    ],
  },
  {
    name: 'host aliases',
    draft: pod({ hostAliases: [{ ip: '1.2.3', hostnames: ['ok.example', 'no!'] }] }),
    problems: [
      'spec.hostAliases[0].ip: Invalid value: "1.2.3": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      expect.stringMatching(/^spec.hostAliases\[0\].hostnames\[1\]: Invalid value: "no!": a lowercase RFC 1123/),
    ],
  },
  {
    name: 'tolerations',
    draft: pod({
      tolerations: [{ value: 'x' }, { key: 'a', operator: 'Like', effect: 'Never' }, { key: 'b', tolerationSeconds: 5 }],
    }),
    problems: [
      'spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      'spec.tolerations[1].operator: Unsupported value: "Like": supported values: "Equal", "Exists"',
      'spec.tolerations[1].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      "spec.tolerations[2].effect: Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set",
    ],
  },
  {
    name: 'affinity',
    draft: pod({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              {
                matchExpressions: [
                  { key: 'a', operator: 'In' },
                  { key: 'b', operator: 'Is' },
                  { key: 'c', operator: 'NotIn', values: ['ok', '-'] },
                  { key: 'd', operator: 'Gt', values: ['1', '2'] },
                ],
                matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a', 'b'] }, { key: 'spec.x', operator: 'Gt' }],
              },
            ],
          },
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 0, preference: { matchExpressions: [{ key: 'c', operator: 'In', values: ['-'] }] } },
          ],
        },
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 101, podAffinityTerm: { topologyKey: 'zone' } }],
        },
      },
    }),
    problems: [
      "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[1].operator: Invalid value: "Is": not a valid selector operator',
      `${requiredTerm}.matchExpressions[3].values: Required value: must be specified single value when \`operator\` is 'Lt' or 'Gt'`,
      `${requiredTerm}.matchFields[0].values: Required value: must be only one value when \`operator\` is 'In' or 'NotIn' for node field selector`,
      `${requiredTerm}.matchFields[1].operator: Invalid value: "Gt": not a valid selector operator`,
      `${requiredTerm}.matchFields[1].key: Invalid value: "spec.x": not a valid field selector key`,
      expect.stringMatching(/nodeSelectorTerms\[0\].matchExpressions\[2\].values\[1\]: Invalid value: "-": a valid label must/),
      'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100',
      'spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must be in the range 1-100',
    ],
  },
  {
    name: 'labels that are to be like those of the pod',
    draft: {
      metadata: { labels: { app: 'web', hash: '1' } },
      ...pod({
        affinity: {
          podAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              { topologyKey: 'zone', matchLabelKeys: ['app'] },
              { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } }, matchLabelKeys: ['hash', 'app', '-'] },
              { topologyKey: 'zone', labelSelector: {}, matchLabelKeys: ['app'], mismatchLabelKeys: ['app'] },
              { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } }, mismatchLabelKeys: ['app'] },
            ],
          },
        },
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'zone',
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: { matchExpressions: [{ key: 'hash', operator: 'Exists' }] },
            matchLabelKeys: ['hash'],
          },
        ],
      }),
    },
    problems: [
      `${nearTerm}[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set`,
      expect.stringMatching(/\[1\].matchLabelKeys\[2\]: Invalid value: "-": name part must/),
      `${nearTerm}[1][1]: Invalid value: "app": exists in both matchLabelKeys and labelSelector`,
      `${nearTerm}[2][0]: Invalid value: "app": exists in both matchLabelKeys and labelSelector`,
      `${nearTerm}[2].matchLabelKeys[0]: Invalid value: "app": exists in both matchLabelKeys and mismatchLabelKeys`,
      'spec.topologySpreadConstraints[0][0]: Invalid value: "hash": exists in both matchLabelKeys and labelSelector',
    ],
  },
  {
    name: 'gates and overhead',
    draft: pod({ schedulingGates: [{ name: 'a' }, { name: '-' }, { name: 'a' }], overhead: { cpu: '-1', wheels: '4' } }),
    problems: [
      expect.stringMatching(/^spec.schedulingGates\[1\]: Invalid value: "-": name part must/),
      'spec.schedulingGates[2]: Duplicate value: "a"',
      'spec.overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
      'spec.overhead.limits[wheels]: Invalid value: "wheels": must be a standard resource type or fully qualified',
      'spec.overhead.limits[wheels]: Invalid value: "wheels": must be a standard resource for containers',
    ],
  },
  {
    name: 'topology spread',
    draft: pod({ topologySpreadConstraints: [{ maxSkew: 0, topologyKey: 'zone', whenUnsatisfiable: 'Wait' }] }),
    problems: [
      'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
      'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Wait": supported values: "DoNotSchedule", "ScheduleAnyway"',
    ],
  },
  {
    name: 'rights',
    draft: pod({
      hostNetwork: true,
      securityContext: {
        runAsUser: -1,
        seccompProfile: { type: 'Localhost' },
        sysctls: [{ name: 'net.ipv4.ip_forward' }, { name: 'A' }],
      },
      containers: [{ ...main, securityContext: { privileged: true, allowPrivilegeEscalation: false } }],
    }),
    problems: [
      'spec.containers[0].securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      'spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive',
      'spec.securityContext.sysctls[0].name: Invalid value: "net.ipv4.ip_forward": may not be specified when \'hostNetwork\' is true',
      expect.stringMatching(/^spec.securityContext.sysctls\[1\].name: Invalid value: "A": must have at most 253/),
      'spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost',
    ],
  },
  {
    name: 'names, selectors and times',
    draft: pod({
      hostname: 'a.b',
      nodeSelector: { 'a b': '' },
      activeDeadlineSeconds: 0,
      serviceAccountName: 'No',
      ephemeralContainers: [{ name: 'debug' }],
    }),
    problems: [
      expect.stringMatching(/^spec.nodeSelector: Invalid value: "a b": name part must consist of/),
      expect.stringMatching(/^spec.serviceAccountName: Invalid value: "No": a lowercase RFC 1123 subdomain/),
      'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive',
      'spec.hostname: Invalid value: "a.b": must not contain dots',
      'spec.ephemeralContainers: Forbidden: cannot be set on create',
    ],
  },
] as { name: string; draft: object; problems: string[] }[]) {
  test(name, () => expect(createProblems(kind, draft)).toEqual(problems))
}

test('everything has a default', () => {
  const draft = pod({
    volumes: [{ name: 'a' }, { name: 'b', secret: { secretName: 's' } }],
    containers: [
      {
        ...main,
        ports: [{ containerPort: 8080 }],
        readinessProbe: { httpGet: { port: 8080 } },
        resources: { limits: { cpu: '1' } },
      },
    ],
  })
  expect(created(kind, draft)).toMatchObject({
    metadata: { generation: 1 },
    spec: {
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
      terminationGracePeriodSeconds: 30,
      securityContext: {},
      serviceAccountName: 'default',
      serviceAccount: 'default',
      enableServiceLinks: true,
      volumes: [
        { name: 'a', emptyDir: {} },
        { name: 'b', secret: { secretName: 's', defaultMode: 420 } },
      ],
      containers: [
        {
          imagePullPolicy: 'Always',
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          ports: [{ containerPort: 8080, protocol: 'TCP' }],
          resources: { limits: { cpu: '1' }, requests: { cpu: '1' } },
          readinessProbe: {
            httpGet: { port: 8080, path: '/', scheme: 'HTTP' },
            timeoutSeconds: 1,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3,
          },
        },
      ],
    },
    status: { phase: 'Pending', qosClass: 'Burstable' },
  })
})

for (const [image, policy] of [
  ['nginx', 'Always'],
  ['nginx:latest', 'Always'],
  ['registry:5000/nginx', 'Always'],
  ['nginx:1.27', 'IfNotPresent'],
  ['registry:5000/nginx:1.27', 'IfNotPresent'],
  ['nginx@sha256:abc', 'IfNotPresent'],
] as const) {
  test(`${image} is pulled ${policy}`, () => {
    expect(created(kind, container({ image })).spec.containers[0]?.imagePullPolicy).toBe(policy)
  })
}

for (const [name, resources, qosClass] of [
  ['nothing', {}, 'BestEffort'],
  ['a request', { requests: { memory: '1Gi' } }, 'Burstable'],
  ['limits of both', { limits: { cpu: '1', memory: '1Gi' } }, 'Guaranteed'],
  ['requests as much as limits', { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m' } }, 'Guaranteed'],
  ['requests below limits', { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } }, 'Burstable'],
  ['another resource only', { limits: { 'ephemeral-storage': '1Gi' } }, 'BestEffort'],
] as const) {
  test(`${name}: ${qosClass}`, () => expect(created(kind, container({ resources })).status?.qosClass).toBe(qosClass))
}

test('on the host network a port is one of the host', () => {
  const { spec } = created(kind, pod({ hostNetwork: true, containers: [{ ...main, ports: [{ containerPort: 80 }] }] }))
  expect(spec.containers[0]?.ports).toEqual([{ containerPort: 80, hostPort: 80, protocol: 'TCP' }])
})

test('a new pod’s label keys become requirements of its selectors, where it has the labels', () => {
  const keys = { topologyKey: 'zone', labelSelector: {}, matchLabelKeys: ['hash', 'none'], mismatchLabelKeys: ['tenant'] }
  const merged = {
    ...keys,
    labelSelector: {
      matchExpressions: [
        { key: 'hash', operator: 'In', values: ['1'] },
        { key: 'tenant', operator: 'NotIn', values: ['red'] },
      ],
    },
  }
  const spread = { maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', topologyKey: 'zone', matchLabelKeys: ['hash'] }
  const term = (one: object) => ({
    requiredDuringSchedulingIgnoredDuringExecution: [structuredClone(one)],
    preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: structuredClone(one) }],
  })
  const draft = {
    metadata: { labels: { hash: '1', tenant: 'red' } },
    ...pod({
      affinity: { podAffinity: term(keys), podAntiAffinity: term(keys) },
      topologySpreadConstraints: [{ ...spread, labelSelector: { matchLabels: { app: 'web' } } }, spread],
    }),
  }
  const object = created(kind, draft)
  expect(object.spec.affinity).toEqual({ podAffinity: term(merged), podAntiAffinity: term(merged) })
  expect(object.spec.topologySpreadConstraints).toEqual([
    {
      ...spread,
      labelSelector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'hash', operator: 'In', values: ['1'] }] },
    },
    spread,
  ])
  expect(updated(kind, object, object).spec).toEqual(object.spec)
})

test('admission adds tolerations of failed nodes, once', () => {
  const object = created(kind, pod({ tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists' }] }))
  applyPodAdmissionDefaults(object)
  applyPodAdmissionDefaults(object)
  expect(object.spec.tolerations).toEqual([
    { key: 'node.kubernetes.io/not-ready', operator: 'Exists' },
    { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
  ])
})

const other =
  'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'
const kept = { key: 'a', operator: 'Exists' }

for (const { name, change, problems } of [
  { name: 'nothing', change: {}, problems: [] },
  { name: 'an image whose tag asks for another pull policy', change: { containers: [{ ...main, image: 'luksa/kubia:v2' }] }, problems: [other] },
  { name: 'a deadline, set', change: { activeDeadlineSeconds: 60 }, problems: [] },
  { name: 'a toleration, added', change: { tolerations: [kept, { key: 'b', operator: 'Exists' }] }, problems: [] },
  {
    name: 'a toleration, removed',
    change: { tolerations: [] },
    problems: ['spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds'],
  },
  { name: 'the node', change: { nodeName: 'node-2' }, problems: [other] },
  {
    name: 'one container more',
    change: { containers: [main, { ...main, name: 'b' }] },
    problems: ['spec.containers: Forbidden: pod updates may not add or remove containers'],
  },
  {
    name: 'its shielding',
    change: { containers: [{ ...main, resources: { requests: { cpu: '1' } } }] },
    problems: ['metadata: Invalid value: "Burstable": Pod QoS is immutable', other],
  },
] as { name: string; change: object; problems: string[] }[]) {
  test(`an update of ${name}`, () => {
    const previous = created(kind, pod({ nodeName: 'node-1', tolerations: [kept] }))
    expect(updateProblems(kind, previous, { spec: { ...previous.spec, ...change } })).toEqual(problems)
  })
}

const nodeTerms = (...nodeSelectorTerms: object[]) => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
})
const zone = (value: string) => ({ key: 'zone', operator: 'In', values: [value] })
const disk = { key: 'disk', operator: 'Exists' }
const gated = { schedulingGates: [{ name: 'wait' }] }
const narrowOnly = 'only additions are allowed (no mutations or deletions)'

for (const { name, spec, change, problems } of [
  { name: 'the gate, opened', spec: gated, change: { schedulingGates: [] }, problems: [] },
  {
    name: 'another gate',
    spec: gated,
    change: { schedulingGates: [{ name: 'wait' }, { name: 'more' }] },
    problems: ["spec.schedulingGates[1].name: Forbidden: only deletion is allowed, but found new scheduling gate 'more'"],
  },
  { name: 'one more node label', spec: { ...gated, nodeSelector: { a: '1' } }, change: { nodeSelector: { a: '1', b: '2' } }, problems: [] },
  {
    name: 'one node label less',
    spec: { ...gated, nodeSelector: { a: '1' } },
    change: { nodeSelector: {} },
    problems: ['spec.nodeSelector: Invalid value: {}: only additions to spec.nodeSelector are allowed (no mutations or deletions)'],
  },
  { name: 'a node label without a gate', spec: {}, change: { nodeSelector: { a: '1' } }, problems: [other] },
  { name: 'affinity where there was none', spec: gated, change: nodeTerms({ matchExpressions: [zone('a')] }), problems: [] },
  {
    name: 'narrower affinity',
    spec: { ...gated, ...nodeTerms({ matchExpressions: [zone('a')] }) },
    change: nodeTerms({ matchExpressions: [zone('a'), disk] }),
    problems: [],
  },
  {
    name: 'other affinity',
    spec: { ...gated, ...nodeTerms({ matchExpressions: [zone('a')] }) },
    change: nodeTerms({ matchExpressions: [zone('b')] }),
    problems: [expect.stringContaining(narrowOnly)],
  },
  {
    name: 'one more term, which widens',
    spec: { ...gated, ...nodeTerms({ matchExpressions: [zone('a')] }) },
    change: nodeTerms({ matchExpressions: [zone('a')] }, { matchExpressions: [zone('b')] }),
    problems: [expect.stringContaining('no additions/deletions to non-empty NodeSelectorTerms list are allowed')],
  },
  {
    name: 'affinity to other pods',
    spec: gated,
    change: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] } } },
    problems: [other],
  },
] as { name: string; spec: object; change: object; problems: string[] }[]) {
  test(`an update of a pod that waits for a node: ${name}`, () => {
    const previous = created(kind, pod(spec))
    expect(updateProblems(kind, previous, { spec: { ...previous.spec, ...change } })).toEqual(problems)
  })
}

test('an image with the pull policy it came with may change, and counts as a generation', () => {
  const previous = created(kind, pod({}))
  const [first] = previous.spec.containers
  const spec = { ...previous.spec, containers: [{ ...first, image: 'luksa/kubia:v2' }] }
  expect(updateProblems(kind, previous, { spec })).toEqual([])
  expect(updated(kind, previous, { spec }).metadata.generation).toBe(2)
  expect(updated(kind, previous, { metadata: { labels: { a: 'b' } }, spec: previous.spec }).metadata.generation).toBe(1)
})

test('the status is not its writer to change, and what has ended stays so', () => {
  const previous = created(kind, pod({ restartPolicy: 'Never' }))
  const status = (state: object) => ({ containerStatuses: [{ name: 'main', state }] })
  Object.assign(previous, { status: status({ terminated: { exitCode: 0 } }) })
  expect(updated(kind, previous, { ...pod({}), status: {} }).status).toEqual(previous.status)
  const next: Pod = Object.assign(structuredClone(previous), { status: status({ running: {} }) })
  expect(kind.validateStatus?.(next, previous)).toMatchObject([
    { field: 'status.containerStatuses[0].state', detail: 'may not be transitioned to non-terminated state' },
  ])
})

for (const [name, spec, phase, requested, seconds] of [
  ['its own time', { nodeName: 'node-1' }, 'Running', undefined, 30],
  ['what is asked for', { nodeName: 'node-1' }, 'Running', 5, 5],
  ['nothing without a node', {}, 'Pending', 5, 0],
  ['nothing when it is over', { nodeName: 'node-1' }, 'Succeeded', undefined, 0],
] as const) {
  test(`a deleted pod gets ${name}`, () => {
    const object = Object.assign(created(kind, pod(spec)), { status: { phase } })
    expect(kind.gracePeriodSeconds?.(object, requested)).toBe(seconds)
  })
}

test('fields can be selected by', () => {
  const object = created(kind, pod({ nodeName: 'node-1' }))
  expect(kind.selectableFields?.(object)).toMatchObject({
    'spec.nodeName': 'node-1',
    'spec.hostNetwork': 'false',
    'status.phase': 'Pending',
  })
  expect(row(kind, object)).toMatchObject({ Name: 'web', Ready: '0/1', Status: 'Pending', Restarts: '0', Age: '60s' })
})
