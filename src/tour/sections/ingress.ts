import { kubia, type Section } from '../step.ts'

export const ingress: Section = {
  number: '5.4',
  title: 'Ingress',
  prepare: kubia,
  steps: [
    {
      before: 'Each load balancer takes an address. An Ingress takes one for many Services, and tells them apart by host and path.',
      command: `kubectl -n tour create ingress kubia --rule='tour.example.com/*=kubia:80'`,
      expects: /ingress\.networking\.k8s\.io\/kubia created/,
      after: 'An Ingress is only a rule. What serves it here is HAProxy, which starts with the first one.',
    },
    {
      before: 'Where is it served?',
      command: 'kubectl -n tour get ingress kubia',
      expects: /kubia +portolan +tour\.example\.com +\d+\.\d+\.\d+\.\d+ +80 /,
      takesTime: true,
      after: 'The name must lead to this ADDRESS: by DNS, or a line in /etc/hosts. Or one says the name oneself, as in the next command.',
    },
    {
      before: 'Ask for the host, as a client outside.',
      command: `./portolan client -- curl -s -H 'Host: tour.example.com' http://$(kubectl -n tour get ingress kubia -o jsonpath='{.status.loadBalancer.ingress[0].ip}')/`,
      expects: /^You've hit kubia-/,
      takesTime: true,
      after: 'HAProxy read the Host header, found the rule, and went straight to a pod of the Service.',
    },
    {
      before: 'And a host that has no rule?',
      command: `./portolan client -- curl -s -H 'Host: other.tour.example.com' http://$(kubectl -n tour get ingress kubia -o jsonpath='{.status.loadBalancer.ingress[0].ip}')/`,
      expects: /no Ingress has a rule for the host other\.tour\.example\.com/,
      after: '404, and the reason: nobody serves it.',
    },
  ],
}
