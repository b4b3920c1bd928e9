package main

import (
	"encoding/json"
	"slices"
	"strings"

	envoy "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/test/xds"
	_ "istio.io/istio/pkg/config/xds" // registers every Envoy type, for protojson
	"istio.io/istio/pkg/test"
)

type service struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	IP        string `json:"ip"`
}

type pod struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace"`
	IP          string            `json:"ip"`
	Proxy       string            `json:"proxy"` // sidecar, router, or none
	Ports       []int32           `json:"ports"`
	Certificate string            `json:"certificate"`
	Included    string            `json:"included"` // the ports that iptables hands to the sidecar: "*", or a list
	Excluded    string            `json:"excluded"` // those that it does not, where "*" is included
	Listeners   []json.RawMessage `json:"listeners,omitempty"`
	Clusters    []json.RawMessage `json:"clusters,omitempty"`
	Routes      []json.RawMessage `json:"routes,omitempty"`
	Endpoints   []json.RawMessage `json:"endpoints,omitempty"`
}

// generate has istiod generate what each proxy would be sent.
func (c *cluster) generate(t test.Failer, a *answer, authority *authority, inbound bool) {
	mesh := c.meshConfig()
	trust(mesh.TrustDomain)
	server := xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
		KubernetesObjects: c.objects(), Configs: c.configs, MeshConfig: mesh, DisableSecretAuthorization: true,
	})
	a.Skipped = append(a.Skipped, c.skipped...)
	for _, s := range c.services {
		a.Services = append(a.Services, &service{s.Name, s.Namespace, s.Spec.ClusterIP})
	}
	for _, p := range c.pods {
		found := &targets{server.Env().ServiceDiscovery, server, p, c.services}
		a.Pods = append(a.Pods, configure(found, p, mesh.TrustDomain, authority, inbound))
	}
}

// targets are the Services of a pod as istiod finds them, by the pod's labels. Its test server takes pods for workload
// entries, whose Services it finds otherwise: ResyncEDS of serviceregistry/serviceentry/controller.go, for tests alone.
type targets struct {
	model.ServiceDiscovery
	server   *xds.FakeDiscoveryServer
	pod      *corev1.Pod
	services []*corev1.Service
}

// GetProxyServiceTargets is that of serviceregistry/kube/controller/controller.go for a pod that is there.
func (t *targets) GetProxyServiceTargets(*model.Proxy) (out []model.ServiceTarget) {
	for _, s := range t.services {
		selector := s.Spec.Selector
		if s.Namespace == t.pod.Namespace && len(selector) > 0 && labels.SelectorFromSet(selector).Matches(labels.Set(t.pod.Labels)) {
			out = append(out, t.server.KubeRegistry.GetProxyServiceTargetsByPod(t.pod, s)...)
		}
	}
	return out
}

func configure(found *targets, p *corev1.Pod, trustDomain string, authority *authority, inbound bool) *pod {
	server := found.server
	account := p.Spec.ServiceAccountName
	made := &pod{Name: p.Name, Namespace: p.Namespace, IP: p.Status.PodIP, Proxy: proxy(p), Ports: []int32{}}
	for _, container := range p.Spec.Containers {
		for _, port := range container.Ports {
			if container.Name != "istio-proxy" {
				made.Ports = append(made.Ports, port.ContainerPort)
			}
		}
	}
	if made.Proxy == "none" {
		return made
	}
	made.Certificate = authority.issue(trustDomain, p.Namespace, account)
	made.Included, made.Excluded = captured(p)
	node := server.SetupProxy(&model.Proxy{
		Type: model.NodeType(made.Proxy), ID: p.Name + "." + p.Namespace, ConfigNamespace: p.Namespace,
		IPAddresses: []string{made.IP}, Labels: p.Labels, DNSDomain: p.Namespace + ".svc.cluster.local",
		Metadata: &model.NodeMetadata{
			Namespace: p.Namespace, Labels: p.Labels, ClusterID: "Kubernetes", ServiceAccount: account, WorkloadName: p.Name,
		},
	})
	node.SetServiceTargets(found)
	listeners, clusters := server.Listeners(node), server.Clusters(node)
	if inbound && made.Proxy == "sidecar" {
		listeners = slices.DeleteFunc(listeners, func(l *listener.Listener) bool { return l.Name != "virtualInbound" })
		clusters = slices.DeleteFunc(clusters, func(c *envoy.Cluster) bool { return !strings.HasPrefix(strings.ToLower(c.Name), "inbound") })
		made.Listeners, made.Clusters = dump(listeners), dump(clusters)
		return made
	}
	made.Listeners, made.Clusters = dump(listeners), dump(clusters)
	made.Routes, made.Endpoints = dump(server.RoutesFromListeners(node, listeners)), dump(server.Endpoints(node))
	return made
}

// captured returns what the injector has istio-iptables told of a pod's inbound ports.
func captured(p *corev1.Pod) (included, excluded string) {
	for _, container := range p.Spec.InitContainers {
		for i, argument := range container.Args {
			switch argument {
			case "-b":
				included = container.Args[i+1]
			case "-d":
				excluded = container.Args[i+1]
			}
		}
	}
	return included, excluded
}

func dump[T proto.Message](messages []T) []json.RawMessage {
	dumped := make([]json.RawMessage, 0, len(messages))
	for _, message := range messages {
		text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(message)
		must(err)
		dumped = append(dumped, text)
	}
	return dumped
}
