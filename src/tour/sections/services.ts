import type { Section } from '../step.ts'

export const services: Section = {
  number: '5.1',
  title: 'Services',
  prepare: [],
  steps: [
    {
      before: 'Pods come and go, and each has an address of its own. These three are copies of a web server that says which of them was hit.',
      command: 'kubectl -n tour create -f examples/kubia-rc.yaml',
      expects: /replicationcontroller\/kubia created/,
      after: 'The ReplicationController makes the pods, the scheduler gives each a node, and the node starts its containers.',
    },
    {
      before: 'Wait until they run.',
      command: 'kubectl -n tour wait --for=condition=Ready pod -l app=kubia --timeout=60s',
      expects: /(pod\/kubia-\w+ condition met\s+){3}/,
      takesTime: true,
      after: 'Each pod has an address. Who would know all three, and keep up when one is replaced?',
    },
    {
      before: 'A Service does: one address that stays, for all pods with the label app=kubia.',
      command: 'kubectl -n tour create -f examples/kubia-svc.yaml',
      expects: /service\/kubia created/,
      after: 'It has a cluster IP, and the ready pods are its endpoints: its port 80 leads to their port 8080.',
    },
    {
      before: 'Ask it from inside of a pod, by its address.',
      command: `kubectl -n tour exec rc/kubia -- curl -s http://$(kubectl -n tour get svc kubia -o jsonpath='{.spec.clusterIP}')`,
      expects: /^You've hit kubia-/,
      takesTime: true,
      after: 'The kernel of the pod’s node chose one of the endpoints. Do it again, and it may be another.',
    },
    {
      before: 'Nobody wants to type addresses. Cluster DNS knows every Service by its name, and by longer forms of it.',
      command: 'kubectl -n tour exec rc/kubia -- curl -s http://kubia http://kubia.tour http://kubia.tour.svc.cluster.local',
      expects: /^(You've hit kubia-\w+\s+){3}$/,
      after: 'Three names, one Service; three connections, each with a choice of its own.',
    },
    {
      before: 'Short names work because a pod’s resolver tries these endings.',
      command: 'kubectl -n tour exec rc/kubia -- cat /etc/resolv.conf',
      expects: /search tour\.svc\.cluster\.local svc\.cluster\.local cluster\.local/,
      after: 'kubia alone is the one in the pod’s own namespace; that of another namespace is kubia.NAMESPACE.',
    },
    {
      before: 'Is it alive? Do not ask ping.',
      command: 'kubectl -n tour exec rc/kubia -- ping -c 1 -W 1 kubia',
      expects: /0 packets received/,
      exitCode: 1,
      after: 'A cluster IP is nobody’s address. It means something only together with a port of the Service.',
    },
  ],
}
