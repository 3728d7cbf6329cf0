import { expect, test } from 'vitest'
import { readSchema } from '../../api/schema/schema-file.ts'
import type { Finding } from '../finding.ts'
import { documentFile, reasonsDocument } from '../test-reasons-document.ts'
import { diagnoseManifests } from './diagnose-manifests.ts'
import { manifestReasons } from './reasons.ts'
import type { ClusterObjects } from './references/world.ts'

const schema = readSchema()
const nothing: ClusterObjects = { services: [], pods: [], secrets: [], configMaps: [], classes: [], namespaces: [{ apiVersion: 'v1', kind: 'Namespace', metadata: meta('default', undefined) }] }

function meta(name: string, namespace: string | undefined = 'default') {
  return { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', ...(namespace === undefined ? {} : { namespace }) }
}

function find(text: string, cluster?: ClusterObjects): readonly Finding[] {
  return diagnoseManifests([{ file: 'kubia.yaml', text }], { schema, namespace: 'default', cluster }).flatMap(({ findings }) => findings)
}

/** `5:3 UnknownField`. */
const brief = ({ place, reason }: Finding) => `${place?.line}:${place?.column} ${reason}`

const service = `apiVersion: v1
kind: Service
metadata:
  name: kubia
spec:
  ports:
  - port: 80
    targetPort: 8080
  selector:
    app: kubia
`
const pod = `apiVersion: v1
kind: Pod
metadata:
  name: kubia
  labels:
    app: kubia
spec:
  containers:
  - name: kubia
    image: luksa/kubia
    ports:
    - name: http
      containerPort: 8080
`
const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: kubia
spec:
  selector:
    matchLabels:
      app: kubia
  template:
    metadata:
      labels:
        app: kubia
    spec:
      containers:
      - name: kubia
        image: luksa/kubia
`
const ingress = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: kubia
spec:
  rules:
  - host: kubia.example.com
    http:
      paths:
      - path: /
        pathType: Prefix
        backend:
          service:
            name: kubia
            port:
              number: 80
`
const legacy = ingress.replace('networking.k8s.io/v1', 'extensions/v1beta1').replace(/ {10}service:[^]*/, '          serviceName: kubia\n          servicePort: 80\n')
const both = `${service}---\n${pod}`
const inCluster = { cluster: nothing }

interface Case {
  readonly name: string
  readonly text: string
  readonly cluster?: ClusterObjects
  readonly found: readonly string[]
  /** The lines that are to stand there instead, of the first finding. */
  readonly corrected?: readonly string[]
}

const cases: readonly Case[] = [
  { name: 'nothing wrong with a Service', text: service, found: [] },
  { name: 'nothing wrong with a Service and its pods', text: both, ...inCluster, found: [] },
  { name: 'nothing wrong with a Deployment', text: deployment, found: [] },
  { name: 'nothing wrong with an Ingress of today', text: ingress, found: [] },
  { name: 'nothing wrong with one of old', text: legacy, found: [] },
  { name: 'nothing wrong with JSON', text: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { a: 'b' } }), found: [] },
  { name: 'nothing wrong with Windows’ ends of lines', text: service.replaceAll('\n', '\r\n'), found: [] },
  {
    name: 'texts that look like misprints and are none',
    text: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  script: |\n    a:b\n    c：d “x”\n    \ttab\n  quoted: "z：w"\n  # name：comment\n  url: http://a:80/\n  image: nginx:1.25\n',
    found: [],
  },
  { name: 'no blank behind a colon', text: service.replace('name: kubia', 'name:kubia'), found: ['4:8 MissingBlank'], corrected: ['  name: kubia'] },
  {
    name: 'no blanks at all',
    text: service.replaceAll(': ', ':'),
    found: ['1:12 MissingBlank', '2:6 MissingBlank', '4:8 MissingBlank', '7:10 MissingBlank', '8:16 MissingBlank', '10:9 MissingBlank'],
    corrected: ['apiVersion: v1'],
  },
  { name: 'no blank behind a dash', text: service.replace('- port', '-port'), found: ['7:4 MissingBlank'], corrected: ['  - port: 80'] },
  { name: 'an equals sign', text: service.replace('app: kubia', 'app = kubia'), found: ['10:8 MissingColon'], corrected: ['    app: kubia'] },
  { name: 'no colon', text: service.replace('metadata:', 'metadata'), found: ['3:9 MissingColon'], corrected: ['metadata:'] },
  { name: 'a blank and no colon', text: service.replace('port: 80', 'port 80'), found: ['7:9 MissingColon'], corrected: ['  - port: 80'] },
  { name: 'full-width colons', text: service.replace('spec:', 'spec：').replace('app: kubia', 'app：kubia'), found: ['5:5 LookalikeCharacter', '10:8 LookalikeCharacter'], corrected: ['spec:'] },
  { name: 'typographic quotes', text: service.replace('app: kubia', 'app: “kubia”'), found: ['10:10 LookalikeCharacter'], corrected: ['    app: "kubia"'] },
  { name: 'single typographic quotes', text: service.replace('app: kubia', 'app: ‘kubia’'), found: ['10:10 LookalikeCharacter'], corrected: ["    app: 'kubia'"] },
  { name: 'a long dash', text: service.replace('- port', '– port'), found: ['7:3 LookalikeCharacter'], corrected: ['  - port: 80'] },
  { name: 'unbreakable blanks', text: service.replace('  name', '\u00a0\u00a0name'), found: ['4:1 LookalikeCharacter'], corrected: ['  name: kubia'] },
  { name: 'a full-width blank', text: service.replace('  name', '\u3000name'), found: ['4:1 LookalikeCharacter'], corrected: ['  name: kubia'] },
  { name: 'a full-width comma', text: pod.replace('image: luksa/kubia', 'image: luksa/kubia\n    args: [a， b]'), found: ['11:13 LookalikeCharacter'], corrected: ['    args: [a, b]'] },
  { name: 'an unbreakable blank behind a colon', text: service.replace('name: ', 'name:\u00a0'), found: ['4:8 LookalikeCharacter'], corrected: ['  name: kubia'] },
  { name: 'a byte order mark', text: `\ufeff${service}`, found: [] },
  { name: 'a template', text: service.replace('name: kubia', 'name: {{ .Values.name }}'), found: ['4:9 ForeignLine'] },
  { name: 'braces that are meant', text: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: "{{ b }}" # {{ c }}\n', found: [] },
  { name: 'a merge', text: service.replace('spec:', '<<<<<<< HEAD\nspec:'), found: ['5:1 ForeignLine'] },
  { name: 'a mark of Markdown', text: `\`\`\`yaml\n${service}`, found: ['1:1 ForeignLine'] },
  { name: 'a line of a shell', text: `$ cat kubia.yaml\n${service}`, found: ['1:1 ForeignLine'] },
  { name: 'a tab', text: service.replace('  name', '\tname'), found: ['4:1 TabInIndentation'], corrected: ['  name: kubia'] },
  { name: 'a stray comma', text: service.replace('port: 80', 'port: 80,'), found: ['7:13 StrayCharacter'], corrected: ['  - port: 80'] },
  { name: 'one blank too many', text: service.replace('    targetPort', '     targetPort'), found: ['8:1 WrongIndentation'], corrected: ['    targetPort: 8080'] },
  { name: 'one blank too few', text: service.replace('    targetPort', '   targetPort'), found: ['8:1 WrongIndentation'], corrected: ['    targetPort: 8080'] },
  { name: 'a block one blank too far', text: service.replace('  ports:', '   ports:'), found: ['6:1 WrongIndentation'], corrected: ['  ports:'] },
  { name: 'quotes that do not end', text: service.replace('app: kubia', 'app: "kubia'), found: ['10:10 NotYaml'] },
  { name: 'an alias of nothing', text: service.replace('app: kubia', 'app: *kubia'), found: ['10:10 UnreadableValue'] },
  { name: 'nothing', text: '', found: ['1:1 EmptyManifest'] },
  { name: 'comments only', text: '# nothing\n---\n', found: ['1:1 EmptyManifest'] },
  { name: 'a List of nothing', text: 'apiVersion: v1\nkind: List\nitems: []\n', found: ['3:1 EmptyList'] },
  { name: 'a List without items', text: 'apiVersion: v1\nkind: ServiceList\nmetadata: {}\n', found: ['1:1 EmptyList'] },
  { name: 'a List whose items are none', text: `apiVersion: v1\nkind: List\nitems:\n---\n${service}`, found: ['3:1 EmptyList'] },
  { name: 'a text', text: '<html>\n', found: ['1:1 NoObject'] },
  { name: 'a misprint of a field', text: service.replace('ports:', 'prots:'), found: ['6:3 UnknownField'], corrected: ['  ports:'] },
  { name: 'small letters', text: service.replace('targetPort', 'targetport'), found: ['8:5 UnknownField'], corrected: ['    targetPort: 8080'] },
  { name: 'a field that nobody knows', text: `${service}  colour: red\n`, found: ['11:3 UnknownField'] },
  { name: 'misprints of the first fields', text: service.replace('apiVersion', 'apiversion').replace('kind', 'Kind'), found: ['1:1 UnknownField', '2:1 UnknownField'], corrected: ['apiVersion: v1'] },
  {
    name: 'a field one level too high',
    text: service.replace('  selector:\n    app: kubia', 'selector:\n  app: kubia'),
    found: ['9:1 MisplacedField'],
    corrected: ['spec:', '  selector:', '    app: kubia'],
  },
  { name: 'a field of another object', text: service.replace('spec:\n', '').replace('  selector', 'spec:\n  selector'), found: ['5:3 MisplacedField'], corrected: ['spec:', '  ports:', '  - port: 80', '    targetPort: 8080'] },
  { name: 'a field one level too low', text: pod.replace('spec:\n', 'spec:\n  name: kubia\n').replace('  name: kubia\n  labels', '  labels'), found: ['7:3 MisplacedField'] },
  { name: 'ports of the pod', text: pod.replaceAll(/^ {4}(?=ports|- name: http| {2}containerPort)/gm, '  '), found: ['11:3 MisplacedField'] },
  { name: 'everything at the first column', text: service.replaceAll(/^ {2}/gm, ''), found: ['4:1 MisplacedField', '6:1 MisplacedField', '9:1 MisplacedField'], corrected: ['metadata:', '  name: kubia'] },
  { name: 'labels without matchLabels', text: deployment.replace('    matchLabels:\n      app', '    app'), found: ['7:5 MisplacedField'], corrected: ['spec:', '  selector:', '    matchLabels:', '      app: kubia'] },
  { name: 'fields of old in a version of today', text: legacy.replace('extensions/v1beta1', 'networking.k8s.io/v1'), found: ['13:11 FormerField'], corrected: ['service:', '  name: kubia', '  port:', '    number: 80'] },
  { name: 'fields of today in a version of old', text: ingress.replace('networking.k8s.io/v1', 'extensions/v1beta1'), found: ['13:11 FormerField'], corrected: ['apiVersion: networking.k8s.io/v1'] },
  { name: 'a number in quotes', text: service.replace('port: 80', 'port: "80"'), found: ['7:11 WrongType'], corrected: ['  - port: 80'] },
  { name: 'a number without', text: pod.replace('app: kubia', 'app: 1.10'), found: ['6:10 WrongType'], corrected: ['    app: "1.10"'] },
  { name: 'yes where a text is needed', text: pod.replace('app: kubia', 'app: yes'), found: ['6:10 WrongType'], corrected: ['    app: "yes"'] },
  { name: 'fields where a list is needed', text: service.replace('  - port', '    port'), found: ['7:5 WrongType'], corrected: ['ports:', '  - port: 80', '    targetPort: 8080'] },
  { name: 'a text where fields are needed', text: service.replace('selector:\n    app: kubia', 'selector: app=kubia'), found: ['9:13 WrongType'] },
  { name: 'a text where a list is needed', text: pod.replace('image: luksa/kubia', 'image: luksa/kubia\n    command: node'), found: ['11:14 WrongType'], corrected: ['    command: [node]'] },
  { name: 'an unreadable quantity', text: pod.replace('image: luksa/kubia', 'image: luksa/kubia\n    resources: {limits: {cpu: much}}'), found: ['11:31 UnreadableValue'] },
  { name: 'a field twice', text: `${service}  selector:\n    app: other\n`, found: ['11:3 DuplicateKey'] },
  { name: 'two objects without a separator', text: `${service}${pod}`, found: ['11:1 MissingSeparator'], corrected: ['---', 'apiVersion: v1'] },
  { name: 'the plural of a kind', text: service.replace('Service', 'Services'), found: ['2:7 UnknownKind'], corrected: ['kind: Service'] },
  { name: 'a kind in small letters', text: pod.replace('Pod', 'pod'), found: ['2:7 UnknownKind'], corrected: ['kind: Pod'] },
  { name: 'a kind that is not served', text: 'apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: a\n', found: ['2:7 KindNotServed'] },
  { name: 'a version of another kind', text: deployment.replace('apps/v1', 'v1'), found: ['1:13 WrongApiVersion'], corrected: ['apiVersion: apps/v1'] },
  { name: 'a version of old', text: deployment.replace('apps/v1', 'extensions/v1beta1'), found: ['1:13 WrongApiVersion'], corrected: ['apiVersion: apps/v1'] },
  { name: 'no kind', text: service.replace('kind: Service\n', ''), found: ['1:1 MissingKind'] },
  { name: 'no version', text: service.replace('apiVersion: v1\n', ''), found: ['1:1 MissingKind'], corrected: ['apiVersion: v1'] },
  { name: 'a Deployment without selector', text: deployment.replace('  selector:\n    matchLabels:\n      app: kubia\n', ''), found: ['5:1 MissingField'] },
  { name: 'a Pod without containers, and a Service of it', text: `${service}---\n${pod.replace(/spec:[^]*/, 'spec: {}\n')}`, ...inCluster, found: ['18:1 MissingField'] },
  { name: 'a port out of range', text: service.replace('port: 80\n', 'port: 80000\n'), found: ['7:11 InvalidValue'] },
  { name: 'a name in capitals', text: service.replace('name: kubia', 'name: Kubia'), found: ['4:9 InvalidValue'] },
  { name: 'an object of a List', text: `apiVersion: v1\nkind: List\nitems:\n${service.replace('ports', 'prots').replaceAll(/^/gm, '  ').replace('  apiVersion', '- apiVersion').trimEnd()}\n`, found: ['9:5 UnknownField'] },
  { name: 'the second document', text: `${pod}---\n${service.replace('prots', 'ports').replace('targetPort', 'targtPort')}`, found: ['22:5 UnknownField'] },
  { name: 'several at once', text: service.replace('name: kubia', 'name:kubia').replace('spec:', 'spec：').replace('ports', 'prots').replace('port: 80\n', 'port: "80"\n'), found: ['4:8 MissingBlank', '5:5 LookalikeCharacter', '6:3 UnknownField'] },
  { name: 'a selector with a misprint', text: both.replace('app: kubia', 'app: kubai'), found: ['10:10 SelectorMatchesNoPods'], corrected: ['    app: kubia'] },
  { name: 'a selector of pods elsewhere, without a cluster to look in', text: service, found: [] },
  { name: 'the same with one', text: service, ...inCluster, found: ['10:5 SelectorMatchesNoPods'] },
  { name: 'a target port by another name', text: both.replace('targetPort: 8080', 'targetPort: htpt'), found: ['8:17 TargetPortNotDefined'], corrected: ['    targetPort: 8080'] },
  { name: 'an Ingress with a misprint of a Service', text: `${both}---\n${ingress.replace('            name: kubia', '            name: kubai')}`, found: ['39:19 ServiceNotFound'], corrected: ['            name: kubia'] },
  { name: 'an Ingress without its Service', text: ingress, ...inCluster, found: ['14:19 ServiceNotFound'] },
  { name: 'one of old', text: legacy, ...inCluster, found: ['13:24 ServiceNotFound'] },
  { name: 'an Ingress with the port of the pods', text: `${both}---\n${ingress.replace('number: 80', 'number: 8080')}`, found: ['41:23 ServicePortNotFound'], corrected: ['              number: 80'] },
  { name: 'a Secret that is not there', text: `${both}---\n${ingress}  tls:\n  - secretName: tls\n`, ...inCluster, found: ['43:17 SecretNotFound'] },
  { name: 'a class that is not there', text: `${both}---\n${ingress}  ingressClassName: nginx\n`, ...inCluster, found: ['42:21 IngressClassUnknown'] },
  { name: 'a ConfigMap that is not there', text: pod.replace('    ports', '    envFrom:\n    - configMapRef: {name: settings}\n    ports'), ...inCluster, found: ['12:28 ConfigMapNotFound'] },
  { name: 'an optional one', text: pod.replace('    ports', '    envFrom:\n    - configMapRef: {name: settings, optional: true}\n    ports'), ...inCluster, found: [] },
  { name: 'a namespace that is not there', text: pod.replace('name: kubia', 'name: kubia\n  namespace: shop'), ...inCluster, found: ['5:14 NamespaceNotFound'] },
  { name: 'a field that every object of JavaScript has', text: `${ingress}  toString: 1\n`, found: ['17:3 UnknownField'] },
  { name: 'fields that are merged', text: pod.replace('  - name: kubia\n    image: luksa/kubia', '  - &kubia\n    name: kubia\n    image: luksa/kubia').replace(/$/, '  - <<: *kubia\n    name: other\n    ports: []\n'), found: [] },
  { name: 'a merge of no fields', text: service.replace('  name: kubia', '  <<: kubia\n  name: kubia'), found: ['4:7 WrongType'] },
  { name: 'one where nothing is known of it', text: `${service}kubia: {<<: 5}\n`, found: ['11:1 UnknownField', '1:1 NotYaml'] },
  { name: 'a namespace of the manifest', text: `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n---\n${pod.replace('name: kubia', 'name: kubia\n  namespace: shop')}`, ...inCluster, found: [] },
]

for (const { name, text, cluster, found, corrected } of cases) {
  test(name, () => {
    const findings = find(text, cluster)
    expect(findings.map(brief)).toEqual(found)
    expect(findings[0]?.corrected).toEqual(corrected ?? findings[0]?.corrected)
    expect(findings.filter(({ cause, fix, place }) => cause === '' || fix === '' || place === undefined)).toEqual([])
  })
}

test('what is corrected as it is said has nothing wrong any more, if it is one line', () => {
  const single = cases.filter(({ found, corrected }) => found.length === 1 && corrected?.length === 1)
  expect(single.length).toBeGreaterThan(20)
  const complete = single.filter(({ name, corrected: [line] = [] }) => name !== 'no version' && !line?.startsWith('apiVersion: networking'))
  for (const { name, text, cluster, corrected: [line = ''] = [] } of complete) {
    const [finding] = find(text, cluster)
    const lines = text.split(/\r?\n/)
    lines[(finding?.place?.line ?? 1) - 1] = line
    expect({ name, found: find(lines.join('\n'), cluster).map(brief) }).toEqual({ name, found: [] })
  }
})

const odd = [
  '\u0000',
  '- '.repeat(2_000),
  '['.repeat(2_000),
  `${'a '.repeat(5_000)}\n`,
  'a: &x [*x]\nb: {<<: *x}',
  '&a {<<: *a}',
  '--- \n--- \n...',
  '? a\n: b',
  '!!binary x',
  'apiVersion: [v1]\nkind: {}',
  'key value\n'.repeat(1_000),
  service.repeat(30),
  `${service}${'-    '.repeat(40)}x y z`,
  service.replace('metadata:', 'metadata: &own\n  <<: [*own, *own]\n  nmae: x'),
]

test.each(odd)('something is said of %j, in bounded time', (text) => {
  expect(find(text, nothing).length).toBeGreaterThan(0)
})

test('of a long text with tabs everywhere as many are told as can be found in bounded time', () => {
  const reasons = find(`${service}${'\tkey: value\n'.repeat(4_000)}`).map(({ reason }) => reason)
  expect(reasons.filter((reason) => reason === 'TabInIndentation').length).toBeLessThan(50)
  expect(reasons.at(-1)).toBe('NotYaml')
})

test.each([pod, deployment, ingress])('whatever line is cut off, something can be said of the rest: %j', (text) => {
  const lines = `${text}---\n${service}`.split('\n')
  for (const index of text.split('\n').keys()) {
    const texts = find(lines.toSpliced(index, 1).join('\n'), nothing).flatMap(({ cause, fix }) => [cause, fix])
    expect(texts).not.toContain('')
  }
})

test('docs/doctor/manifests.md tells of each reason', async () => {
  const text = reasonsDocument({
    title: 'What is wrong with a manifest',
    intro: 'Each reason of `portolan doctor -f`, as it is printed: first what was mistyped, then what cannot be understood, then what would be refused, and at last what it refers to and is not there.',
    reasons: manifestReasons,
    findings: cases.flatMap(({ text, cluster }) => find(text, cluster)),
  })
  await expect(text).toMatchFileSnapshot(documentFile('manifests.md'))
})
