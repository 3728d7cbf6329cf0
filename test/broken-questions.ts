/** What clients ask for as people get it wrong, with what the doctor must say first; of Services of the catalogue. */
export interface Question {
  readonly url: string
  /** Words of the command that say who asks. */
  readonly from: readonly string[]
  readonly reason: string | undefined
}

const byPod = ['--from', 'pod/right']
const fromShop = ['--from', 'pod/elsewhere', '-n', 'shop']
const outside = ['--from', 'outside']

export const questions: readonly Question[] = [
  { url: 'http://right', from: byPod, reason: undefined },
  { url: 'http://right.default', from: fromShop, reason: undefined },
  { url: 'http://right', from: fromShop, reason: 'NameOfOtherNamespace' },
  { url: 'http://right:8080', from: byPod, reason: 'TargetPortAsked' },
  { url: 'http://right:81', from: byPod, reason: 'PortNotInService' },
  { url: 'udp://right:80', from: byPod, reason: 'ProtocolNotInService' },
  { url: 'ping://right', from: byPod, reason: 'ServicePinged' },
  { url: 'http://headless-mapped', from: byPod, reason: 'HeadlessPortAsked' },
  { url: 'http://10.96.0.1:443', from: outside, reason: 'ClusterIPFromOutside' },
  { url: 'http://192.168.99.11:80', from: outside, reason: 'PortNotOpenAtNode' },
  { url: 'http://right-node-port:30777', from: byPod, reason: 'NodePortWrongAddress' },
  { url: 'http://127.0.0.1:30777', from: byPod, reason: 'NodePortWrongAddress' },
  { url: 'http://bypassing', from: byPod, reason: 'PodNameAsked' },
  { url: 'http://right', from: ['--from', 'node/node-1'], reason: 'NameOutsidePods' },
  { url: 'http://right', from: ['--from', 'pod/bypassing'], reason: 'ClusterDnsNotAsked' },
  { url: 'http://right', from: ['--from', 'here'], reason: 'OnlyPublishedHere' },
  { url: 'http://rihgt', from: byPod, reason: 'NameUnknown' },
  { url: 'http://well.example.com', from: byPod, reason: 'IngressHostUnresolved' },
  { url: 'http://unready', from: byPod, reason: 'PodsNotReady' },
  { url: 'http://nobody-there', from: byPod, reason: 'NotReachable' },
]
