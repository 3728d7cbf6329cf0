import { kubia, type Section } from '../step.ts'

export const headless: Section = {
  number: '5.6',
  title: 'Headless Services',
  prepare: kubia,
  steps: [
    {
      before: 'Sometimes a client wants to know all the pods. A headless Service has no address of its own: clusterIP is None.',
      command: 'kubectl -n tour create -f examples/kubia-svc-headless.yaml',
      expects: /service\/kubia-headless created/,
      after: 'No kernel has a rule for it. It is a matter of DNS alone.',
    },
    {
      before: 'A pod with tools to ask DNS, without a manifest.',
      command: 'kubectl -n tour run dnsutils --image=tutum/dnsutils --command -- sleep infinity',
      expects: /pod\/dnsutils created/,
      after: 'kubectl run makes a pod by itself, without a controller behind it.',
    },
    {
      before: 'Ask for the headless one.',
      command: 'kubectl -n tour exec dnsutils -- nslookup kubia-headless',
      expects: /Name:\s+kubia-headless\.tour\.svc\.cluster\.local\s+Address: /,
      takesTime: true,
      after: 'The addresses of the pods that are ready, in turns.',
    },
    {
      before: 'And for the other.',
      command: 'kubectl -n tour exec dnsutils -- nslookup kubia',
      expects: /Name:\s+kubia\.tour\.svc\.cluster\.local\s+Address: /,
      after: 'One address: the cluster IP.',
    },
    {
      before: 'Connect by the headless name. Nobody translates ports on this way, so it is the pods’ own.',
      command: 'kubectl -n tour exec dnsutils -- curl -s http://kubia-headless:8080',
      expects: /^You've hit kubia-/,
      after: 'Straight to a pod, without a proxy.',
    },
    {
      before: 'The pod with the tools has no controller that would miss it.',
      command: 'kubectl -n tour delete pod dnsutils --now',
      expects: /pod "dnsutils" deleted/,
      after: 'Gone, and nothing takes its place.',
    },
  ],
}
