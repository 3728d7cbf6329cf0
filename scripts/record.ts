import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Reader } from '../test/documents/reader.ts'
import { TestCluster } from '../test/test-cluster.ts'
import { asciicast, columns, movingPicture, type Recorded } from './recording.ts'

/**
 * Records docs/recording.svg and docs/recording.cast from a live cluster: what is typed below is typed, and what comes back
 * is shown, with the time that it took. `npm run record`.
 */
const commands = [
  './portolan up --nodes 2 --no-egress',
  'kubectl get nodes',
  'kubectl create -f examples/kubia-rc.yaml -f examples/kubia-svc.yaml',
  'kubectl wait --for=condition=Ready pod -l app=kubia',
  'kubectl get svc,pods',
  "kubectl exec rc/kubia -- sh -c 'for i in 1 2 3; do curl -s http://kubia; done'",
  'kubectl expose rc kubia --type=LoadBalancer --name kubia-http --port=8080',
  'kubectl get svc kubia-http',
  './portolan client -- curl -s http://203.0.113.10:8080',
  'kubectl set selector service kubia app=kubai',
  './portolan doctor service/kubia',
  'kubectl set selector service kubia app=kubia',
  "kubectl exec rc/kubia -- curl -s http://kubia",
]

// What is said while a command works goes to standard error, and comes before its result.
const title = 'A cluster, a Service, a mistake, and what the doctor says of it'

await using cluster = await TestCluster.named('record')
await cluster.up() // builds the images, which the first start of all does once
await cluster.portolan('delete')
await using reader = await Reader.of(cluster)
const recorded: Recorded[] = []
for (const command of commands) {
  const started = performance.now()
  const { stdout, stderr } = await reader.type(command)
  recorded.push({ command, output: folded(stderr + stdout), seconds: (performance.now() - started) / 1000 })
}
const docs = resolve(import.meta.dirname, '../docs')
await writeFile(`${docs}/recording.svg`, movingPicture(recorded, title))
await writeFile(`${docs}/recording.cast`, asciicast(recorded, title))

/** As a terminal shows it: long lines go on in the next. */
function folded(text: string): string {
  return text.replace(new RegExp(`[^\\n]{${columns}}(?=[^\\n])`, 'g'), '$&\n')
}
