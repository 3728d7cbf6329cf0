/** What a command says when it does not do what was asked, and what then helps. `…` stands for what differs. */
type ShownError = readonly [says: string, help: string]

/** Of all commands. */
export const commonErrors: readonly ShownError[] = [
  ['needs Linux, found …: run it on a Linux machine or in a Linux VM', 'nothing else will do'],
  ['needs root, for network namespaces and containers: run it with sudo', 'become root'],
  ['there is no cluster …: start one with ./portolan up…', 'start it, or give the right `--name` or `$PORTOLAN_HOME`'],
  ['cluster … does not run: start it with ./portolan up…', 'it was stopped: `up`'],
  ['the API server does not answer (…): see ./portolan status', '`status` says what has ended, and where its log is'],
]

/** By the words of the command. */
export const commandErrors: Readonly<Record<string, readonly ShownError[]>> = {
  up: [
    ['…: end that program or choose another port with --api-port', 'the API’s port is taken by another program, which is named'],
    ['a cluster … runs with its state in …: choose another --name, or set PORTOLAN_HOME=…', 'two clusters of one name cannot run at a time'],
    ['--nodes … is out of range: these address ranges hold 1 to … nodes', 'fewer nodes, or wider ranges'],
    ['--api-port … is out of range: give a port from 1 to 65535', 'another port'],
    ['cluster … has objects with addresses of its old ranges: …', 'ranges of a cluster cannot change while it has Services: `delete` it first'],
    ['cluster … has pods and certificates with names of its domain …: …', 'the same of `--cluster-domain`'],
    ['--stub-domain … is in the cluster\'s own domain …: nobody else is asked about names there', 'leave it out'],
    ['… is not a cluster’s configuration (…): …', 'the file was edited or damaged: correct it, or `delete`'],
    ['the cluster could not be started: … (log: …)', 'the log says more'],
  ],
  doctor: [
    ['… is neither a Service nor an Ingress, nor what a client asks for: give service/NAME, ingress/NAME or a URL such as http://kubia:80', 'as it says'],
    ['there is no …/… in namespace …: …', 'the name is misspelt, or it is in another namespace, which is named'],
    ['there is no namespace …: …', 'the namespace is misspelt'],
    ['… cannot be read (…): give the file of a manifest, or - for standard input', 'the file is not there, or not readable'],
    ['there is no ready pod in namespace … to ask from: give -n NAMESPACE, or --from pod/NAME, node/NAME, outside or here', 'say who asks'],
  ],
  tour: [
    ['the tour waits for Enter before each command, and standard input is no terminal: start it in one, or with --yes', 'as it says'],
    ['there is a namespace … already, perhaps of a tour that was cut off: if nobody needs it, …', 'the tour removes only what it has made itself'],
    ['kubectl leads to another cluster than … (its context is …): kubectl config use-context …', 'the tour would create things elsewhere'],
  ],
  client: [['give a command after --, for instance: -- curl -s http://10.96.0.1', 'as it says']],
  'node exec': [
    ['there is no node …: choose one of …', '`kubectl get nodes` lists them'],
    ['… is another machine, at …: …', 'its network is not of this machine: run the command there; `kubectl exec` reaches its pods from here'],
  ],
  'node add': [
    ['there is a node … already', 'another name, or none: the next one is taken'],
    ['… is out of range: these address ranges hold node-1 to node-…', 'a cluster with wider ranges'],
    ['… would have the address …, which … says it has: choose another number, or have … join with another --node-ip', 'the address of a machine that has joined'],
  ],
  'node remove': [
    ['… is another machine, at …: …', 'how it leaves follows; see [nodes](nodes.md#leaving)'],
    ['… still has pods after … s (…): give --force to remove it all the same', 'pods that nobody replaces end with the node'],
    ['… is the only node: wipe the cluster with ./portolan delete', 'a cluster has one node at least'],
  ],
  'node token delete': [['there is no token …: see ./portolan node token list', 'its time may be over']],
  publish: [
    ['there is no service … in namespace …', 'create it first, or give `-n`'],
    ['service/… has no port … for …: choose one of …', 'the number behind the colon is the Service’s'],
    ['port … of service/… is for …: only TCP and UDP can be published', 'SCTP cannot'],
    ['…: choose another port, such as …', 'another program has the port of 127.0.0.1'],
    ['port …/… is published already for …', 'unpublish that one, or take another port'],
  ],
  agent: [
    ['give --token ID.SECRET, which lets this machine in: ./portolan node token create prints it', 'the first time; later starts need none'],
    ['give --ca-hash sha256:… or --ca-file FILE, by which the cluster is known: ./portolan node token create prints it', 'the same'],
    ['the certificate of … expired at …, and its agent was not there to renew it: …', 'the node is deleted, and joins anew'],
    ['--node … cannot be the name of a node: …', 'a DNS name in lower case'],
    ['… belongs to a node of another cluster: give another --state, or take it away with ./portolan agent --cleanup --node … --state …', 'one folder for each cluster'],
  ],
  proxy: [
    ['the API has no Node …: give the name of this machine\'s with --node', 'the proxy must know which endpoints are its own'],
    ['the API does not tell the range of its cluster IPs: give it with --service-cidr', 'older API servers do not'],
    ['needs the program …: install the package …', 'as it says'],
  ],
  'load-balancer': [
    ['--pool … is not a range of IPv4 addresses such as 198.51.100.0/28 or 198.51.100.2-198.51.100.14', 'as it says'],
    ['--nodes-device … is no device of this machine: see ip link', 'the device by which this machine reaches the nodes'],
    ['this machine does not forward what comes by …: sysctl -w net.ipv4.ip_forward=1', 'a load balancer is a router'],
  ],
  dns: [
    ['… is no address: give an IP address with or without a port, such as 127.0.0.1:…', 'as it says'],
    ['--allow … is not a range of addresses such as 10.244.0.0/16', 'as it says'],
    ['the API at … does not accept the credentials in …', 'another `--kubeconfig` or `--context`'],
  ],
}
