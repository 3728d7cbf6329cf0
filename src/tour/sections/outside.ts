import { kubia, type Section } from '../step.ts'

export const outside: Section = {
  number: '5.3',
  title: 'To clients outside',
  prepare: kubia,
  steps: [
    {
      before: 'Cluster IPs are for pods and nodes. For the others, first: a port on every node.',
      command: 'kubectl -n tour expose rc kubia --type=NodePort --name=kubia-nodeport --port=80 --target-port=8080',
      expects: /service\/kubia-nodeport exposed/,
      after: 'A port was drawn from 30000-32767. It is the same on every node, whether the node has a pod or not.',
    },
    {
      before: 'Ask the first node, as a client outside of the cluster.',
      command: `./portolan client -- curl -s http://$(kubectl get nodes -o jsonpath='{.items[0].status.addresses[0].address}'):$(kubectl -n tour get svc kubia-nodeport -o jsonpath='{.spec.ports[0].nodePort}')`,
      expects: /^You've hit kubia-/,
      takesTime: true,
      after: 'The node took the connection and led it to a pod, perhaps on another node. But if this node is down, its clients stand before a closed door.',
    },
    {
      before: 'A load balancer is an address before all nodes.',
      command: 'kubectl -n tour expose rc kubia --type=LoadBalancer --name=kubia-loadbalancer --port=80 --target-port=8080',
      expects: /service\/kubia-loadbalancer exposed/,
      after: 'In a cloud, a provider makes it. Here it is there at once, in front of your nodes.',
    },
    {
      before: 'Look at its EXTERNAL-IP.',
      command: 'kubectl -n tour get service kubia-loadbalancer',
      expects: /kubia-loadbalancer +LoadBalancer +\S+ +\d+\.\d+\.\d+\.\d+ +80:3\d{4}\/TCP/,
      takesTime: true,
      after: 'It is still a node port and a cluster IP, too: each type adds to the one before.',
    },
    {
      before: 'Two requests on a connection that is kept, as a browser does.',
      command: `LB=$(kubectl -n tour get svc kubia-loadbalancer -o jsonpath='{.status.loadBalancer.ingress[0].ip}'); ./portolan client -- curl -s http://$LB http://$LB`,
      expects: /^(You've hit kubia-\w+)\s+\1\s+$/,
      takesTime: true,
      after: 'The same pod twice. A Service chooses for each connection, not for each request: that is why a browser seems to stick to a pod.',
    },
  ],
}
