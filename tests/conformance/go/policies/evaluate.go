// A file that joins kube-network-policies' own package, whose evaluator is not exported.

package networkpolicy

import (
	"context"
	"net"

	v1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	networkinglisters "k8s.io/client-go/listers/networking/v1"
	"k8s.io/client-go/tools/cache"
)

// Cluster is what the evaluator looks at, as the API server would have stored it.
type Cluster struct {
	Namespaces []*v1.Namespace
	Pods       []*v1.Pod
	Policies   []*networkingv1.NetworkPolicy
}

// Packet is the first of a connection.
type Packet struct {
	From, To string // addresses
	Protocol v1.Protocol
	Port     int
}

// Evaluate returns which packets the data plane would accept.
func Evaluate(cluster Cluster, packets []Packet) []bool {
	index := func() cache.Indexer {
		return cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	}
	namespaces, pods, policies := index(), index(), index()
	byAddress := map[string]*v1.Pod{}
	for _, namespace := range cluster.Namespaces {
		_ = namespaces.Add(namespace)
	}
	for _, pod := range cluster.Pods {
		_ = pods.Add(pod)
		for _, address := range pod.Status.PodIPs {
			byAddress[address.IP] = pod
		}
	}
	for _, policy := range cluster.Policies {
		_ = policies.Add(policy)
	}
	controller := &Controller{
		namespaceLister:     corelisters.NewNamespaceLister(namespaces),
		podLister:           corelisters.NewPodLister(pods),
		networkpolicyLister: networkinglisters.NewNetworkPolicyLister(policies),
		getPodAssignedToIP:  func(address string) *v1.Pod { return byAddress[address] },
	}
	verdicts := make([]bool, len(packets))
	for at, one := range packets {
		verdicts[at] = controller.evaluatePacket(context.Background(), packet{
			srcIP: net.ParseIP(one.From), dstIP: net.ParseIP(one.To),
			proto: one.Protocol, srcPort: 40000, dstPort: one.Port,
		})
	}
	return verdicts
}
